/** A phone that reserves little: the engine must start all the same, with less. */
import { readFileSync } from 'node:fs';
import { serve } from './server.mjs';
import { startWorker } from './worker.mjs';

const STINGY = (pages) => `
  const Native = WebAssembly.Memory;
  WebAssembly.Memory = function (asked) {
    if (asked.maximum > ${pages}) throw new RangeError('WebAssembly.Memory(): could not allocate memory');
    const made = new Native(asked);
    self.postMessage({ reserved: asked.maximum });
    return made;
  };
  WebAssembly.Memory.prototype = Native.prototype;
`;

export default async function (browser, asked) {
  const host = await serve(asked.app);
  const page = await browser.newPage();
  const found = {};
  for (const pages of asked.pages) {
    for (const frugal of asked.frugal ?? [false]) {
      const started = await startWorker(page, host.url, { frugal, before: STINGY(pages) });
      const answer = started.ok ? await page.evaluate((data) => window.classify(data), readFileSync(asked.photo).toString('base64')) : null;
      found[frugal ? `${pages} frugal` : pages] = {
        ok: started.ok,
        message: started.message ?? '',
        probabilities: answer?.probabilities ?? null,
        reserved: await page.evaluate(() => window.reserved),
      };
    }
  }
  await host.close();
  return found;
}
