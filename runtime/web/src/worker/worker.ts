/** The worker: everything slow happens here, so that the page always answers to the finger. */
import { PhotoError } from '../pixels/errors.ts';
import { ChangedError, Classifier } from './classifier.ts';
import type { Reply, Request } from './messages.ts';
import { selfCheck } from './selfCheck.ts';

let classifier: Classifier | undefined;
let last: Promise<void> = Promise.resolve();

const say = (reply: Reply, transfer: Transferable[] = []): void =>
  (globalThis as unknown as Worker).postMessage(reply, transfer);

// The engine's threads run this script too, by this name, and have messages of their own.
if (!self.name.startsWith('em-pthread')) {
  globalThis.addEventListener('message', (event: MessageEvent<Request>) => {
    last = last.then(() => answer(event.data)); // one after another: memory for one photo
  });
}

async function answer(request: Request): Promise<void> {
  try {
    say({ id: request.id, ok: true, result: await work(request) });
  } catch (error) {
    say({ id: request.id, ok: false, ...explained(error) });
  }
}

async function work(request: Request): Promise<Extract<Reply, { ok: true }>['result']> {
  if (request.ask === 'start') {
    const began = performance.now();
    classifier = await Classifier.open(request.assets, request.threads);
    return classifier.started(request.threads, performance.now() - began);
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
