/** The page's side of the worker: ask and wait; an engine that failed is started again. */
import type { Assets } from '../assets.ts';
import { forWorker, readAsset } from '../assets.ts';
import { bitmapOf } from '../pixels/browser.ts';
import type { Answer, Reply, Request, Resources, SelfCheck, Started } from '../worker/messages.ts';

const PATIENCE = 120_000; // milliseconds
const MAY_WORK_ANEW: readonly Refusal['reason'][] = ['engine', 'exhausted'];

/** Why the worker could not do it: a photo's reason, `engine` or `changed`. */
export class Refusal extends Error {
  constructor(
    readonly reason: Extract<Reply, { ok: false }>['reason'],
    message: string,
  ) {
    super(message);
  }
}

type Question = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Refusal): void;
  progress: ((text: string) => void) | undefined;
}

export class Client {
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private last: Promise<unknown> = Promise.resolve();
  private count = 0;
  private patience: ReturnType<typeof setTimeout> | undefined;
  private resources: Resources;

  constructor(
    private readonly assets: Assets,
    threads: number,
  ) {
    this.resources = { threads, frugal: false };
  }

  /** Starts the worker and loads the model; where that fails, once more with less. */
  start(): Promise<Started> {
    return this.persevering(() => this.load());
  }

  /** Classifies one photo; where the engine fails, once more in a fresh one that takes less. */
  classify(photo: Blob): Promise<Answer> {
    return this.persevering(() => this.classifyOnce(photo));
  }

  selfCheck(progress: (text: string) => void): Promise<SelfCheck> {
    return this.persevering(async () => {
      await this.ready();
      return (await this.ask({ ask: 'selfCheck' }, [], progress)) as SelfCheck;
    });
  }

  /** One work after another, so that none loses the worker to another one's restart. */
  private persevering<T>(work: () => Promise<T>): Promise<T> {
    const found = this.last.then(() => this.twice(work));
    this.last = found.catch(() => undefined);
    return found;
  }

  private async twice<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Refusal) || !MAY_WORK_ANEW.includes(error.reason)) throw error;
      this.resources = { threads: 1, frugal: true };
      this.stop();
      return work();
    }
  }

  private async load(): Promise<Started> {
    this.stop();
    const script = new Blob([await readAsset(this.assets, 'worker.js')], { type: 'text/javascript' });
    const url = URL.createObjectURL(script); // of a blob: then this page's security policy binds it
    const worker = new Worker(url);
    this.worker = worker;
    worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
      if ('decode' in data) void this.decode(worker, data.id, data.decode, data.type);
      else this.hear(data);
    });
    worker.addEventListener('error', (event) => this.stop(event.message || 'it stopped'));
    const [assets, transfer] = await forWorker(this.assets);
    const question = { ask: 'start', assets, resources: this.resources } as const;
    try {
      return (await this.ask(question, transfer)) as Started;
    } catch (error) {
      this.stop(); // it runs without a model
      throw error;
    }
  }

  /** Loads the model again if the worker is gone. */
  private async ready(): Promise<void> {
    if (!this.worker) await this.load();
  }

  private async classifyOnce(file: Blob): Promise<Answer> {
    const photo = await file.arrayBuffer().catch((error: Error) => {
      throw new Refusal('file', `cannot be read: ${error.message}`);
    });
    await this.ready();
    return (await this.ask({ ask: 'classify', photo }, [photo])) as Answer;
  }

  private ask(
    question: Question,
    transfer: Transferable[],
    progress?: (text: string) => void,
  ): Promise<unknown> {
    const id = ++this.count;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, progress });
      this.worker?.postMessage({ ...question, id }, transfer);
      this.watch();
    });
  }

  private async decode(worker: Worker, id: number, data: Uint8Array, type: string): Promise<void> {
    const bitmap = await bitmapOf(data, type);
    worker.postMessage({ ask: 'bitmap', id, bitmap } satisfies Request, bitmap ? [bitmap] : []);
  }

  private hear(reply: Exclude<Reply, { decode: unknown }>): void {
    const waiting = this.waiting.get(reply.id);
    if (!waiting) return;
    if ('progress' in reply) {
      this.watch();
      waiting.progress?.(reply.progress);
      return;
    }
    this.waiting.delete(reply.id);
    this.watch();
    if (reply.ok) waiting.resolve(reply.result);
    else waiting.reject(new Refusal(reply.reason, reply.message));
  }

  /** Browsers end a worker without a word; one that says nothing for so long is taken as such. */
  private watch(): void {
    clearTimeout(this.patience);
    if (this.waiting.size) this.patience = setTimeout(() => this.stop('it does not answer'), PATIENCE);
  }

  private stop(why = 'it was stopped'): void {
    this.worker?.terminate();
    this.worker = undefined;
    const left = [...this.waiting.values()];
    this.waiting.clear();
    this.watch();
    for (const waiting of left) waiting.reject(new Refusal('engine', why));
  }
}
