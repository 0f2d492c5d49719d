/** An engine that fails: the app must start it again with less, then explain. */
import { classify, open } from './app.mjs';

const FAULTS = {
  /** No memory can be reserved. */
  start: `WebAssembly.Memory = class { constructor() { throw new RangeError('could not allocate memory'); } };`,
  /** The worker ends with an error at the first photo. */
  error: `addEventListener('message', ({ data }) => { if (data.ask === 'classify') throw new RangeError('Out of memory'); });`,
  /** The worker says nothing more. */
  silent: `addEventListener('message', ({ data }) => { while (data.ask === 'classify'); });`,
};

/** Puts the fault into the page's first workers, and notes what each may take. */
const BEFORE = ({ code, workers }) => {
  let left = workers;
  window.granted = [];
  const { Blob, Worker } = window;
  window.Blob = class extends Blob {
    constructor(parts, options) {
      super(options?.type === 'text/javascript' && left-- > 0 ? [code, ...parts] : parts, options);
    }
  };
  window.Worker = class extends Worker {
    postMessage(message, transfer) {
      if (message.ask === 'start') window.granted.push(message.resources);
      super.postMessage(message, transfer);
    }
  };
};

export default async function (browser, asked) {
  const silent = asked.fault === 'silent';
  const before = [BEFORE, { code: FAULTS[asked.fault], workers: asked.workers }];
  const { page } = await open(browser, asked, {}, { before, clock: silent });
  const alert = page.locator('[role=alert]');
  if (await alert.count()) return { alert: await alert.innerText(), granted: await page.evaluate(() => window.granted) };
  let waiting = true;
  const hurry = async () => {
    while (silent && waiting) {
      await page.clock.fastForward(30_000);
      await new Promise((done) => setTimeout(done, 200));
    }
  };
  const [cards] = await Promise.all([classify(page, asked.photos).finally(() => { waiting = false; }), hurry()]);
  return { cards, granted: await page.evaluate(() => window.granted) };
}
