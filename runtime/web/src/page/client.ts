/** The page's side of the worker: ask and wait; an engine that failed is started again. */
import type { Assets } from '../assets.ts';
import { forWorker, readAsset } from '../assets.ts';
import type { Answer, Reply, Request, Started } from '../worker/messages.ts';
import type { SelfCheck } from '../worker/selfCheck.ts';

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
  private count = 0;

  constructor(
    private readonly assets: Assets,
    private readonly threads: number,
  ) {}

  /** Starts the worker and loads the model. */
  async start(): Promise<Started> {
    this.stop();
    const script = new Blob([await readAsset(this.assets, 'worker.js')], { type: 'text/javascript' });
    const url = URL.createObjectURL(script); // of a blob: then this page's security policy binds it
    this.worker = new Worker(url);
    this.worker.addEventListener('message', (event: MessageEvent<Reply>) => this.hear(event.data));
    this.worker.addEventListener('error', (event) => this.failAll(event.message || 'stopped'));
    const [assets, transfer] = await forWorker(this.assets);
    const question = { ask: 'start', assets, threads: this.threads } as const;
    return (await this.ask(question, transfer)) as Started;
  }

  /** Classifies one photo; where the engine fails, once more in a fresh one. */
  async classify(photo: Blob): Promise<Answer> {
    try {
      return await this.classifyOnce(photo);
    } catch (error) {
      if (!(error instanceof Refusal) || error.reason !== 'engine') throw error;
      await this.start();
      return this.classifyOnce(photo);
    }
  }

  private async classifyOnce(file: Blob): Promise<Answer> {
    const photo = await file.arrayBuffer().catch((error: Error) => {
      throw new Refusal('file', `cannot be read: ${error.message}`);
    });
    return (await this.ask({ ask: 'classify', photo }, [photo])) as Answer;
  }

  async selfCheck(progress: (text: string) => void): Promise<SelfCheck> {
    return (await this.ask({ ask: 'selfCheck' }, [], progress)) as SelfCheck;
  }

  private ask(
    question: Question,
    transfer: Transferable[],
    progress?: (text: string) => void,
  ): Promise<unknown> {
    const id = ++this.count;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, progress });
      if (!this.worker) this.failAll('stopped');
      else this.worker.postMessage({ ...question, id }, transfer);
    });
  }

  private hear(reply: Reply): void {
    const waiting = this.waiting.get(reply.id);
    if (!waiting) return;
    if ('progress' in reply) {
      waiting.progress?.(reply.progress);
      return;
    }
    this.waiting.delete(reply.id);
    if (reply.ok) waiting.resolve(reply.result);
    else waiting.reject(new Refusal(reply.reason, reply.message));
  }

  private failAll(message: string): void {
    for (const [id, waiting] of [...this.waiting]) {
      this.waiting.delete(id);
      waiting.reject(new Refusal('engine', message));
    }
  }

  private stop(): void {
    this.worker?.terminate();
    this.worker = undefined;
    this.failAll('stopped');
  }
}
