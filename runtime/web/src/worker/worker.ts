/** The worker: everything slow happens here, so that the page always answers to the finger. */
import { decodeElsewhere } from '../pixels/browser.ts';
import { PhotoError } from '../pixels/errors.ts';
import { ChangedError, Classifier } from './classifier.ts';
import type { Reply, Request } from './messages.ts';
import { selfCheck } from './selfCheck.ts';

let classifier: Classifier | undefined;
const bitmaps = new Map<number, (bitmap: ImageBitmap | null) => void>();
let asked = 0;
let last: Promise<void> = Promise.resolve();

const say = (reply: Reply, transfer: Transferable[] = []): void =>
  (globalThis as unknown as Worker).postMessage(reply, transfer);

// The engine's threads run this script too, by this name, and have messages of their own.
if (!self.name.startsWith('em-pthread')) {
  globalThis.addEventListener('message', ({ data }: MessageEvent<Request>) => {
    if (data.ask === 'bitmap') bitmaps.get(data.id)?.(data.bitmap);
    else last = last.then(() => answer(data)); // one after another: memory for one photo
  });
  decodeElsewhere((data, type) => {
    const id = ++asked;
    say({ id, decode: data, type });
    return new Promise<ImageBitmap | null>((resolve) => bitmaps.set(id, resolve)).finally(() => bitmaps.delete(id));
  });
}

type Question = Exclude<Request, { ask: 'bitmap' }>;

async function answer(request: Question): Promise<void> {
  try {
    say({ id: request.id, ok: true, result: await work(request) });
  } catch (error) {
    say({ id: request.id, ok: false, ...explained(error) });
  }
}

async function work(request: Question): Promise<Extract<Reply, { ok: true }>['result']> {
  if (request.ask === 'start') {
    const began = performance.now();
    classifier = await Classifier.open(request.assets, request.resources);
    return classifier.started(request.resources.threads, performance.now() - began);
  }
  if (!classifier) throw new Error('the model is not loaded');
  if (request.ask === 'selfCheck') {
    return selfCheck(classifier, (progress) => say({ id: request.id, progress }));
  }
  return classifier.classify(new Uint8Array(request.photo));
}

function explained(error: unknown): Pick<Extract<Reply, { ok: false }>, 'reason' | 'message'> {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof PhotoError) return { reason: error.reason, message };
  if (error instanceof ChangedError) return { reason: 'changed', message };
  return { reason: 'engine', message };
}
