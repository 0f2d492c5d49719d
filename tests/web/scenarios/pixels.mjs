/** The host step: what the worker makes of files. */
import { readFileSync } from 'node:fs';
import { serve } from './server.mjs';
import { startWorker } from './worker.mjs';

export default async function (browser, asked) {
  const host = await serve(asked.app);
  const page = await browser.newPage();
  await startWorker(page, host.url);
  const found = {};
  for (const file of asked.files) {
    found[file] = await page.evaluate((data) => window.classify(data), readFileSync(file).toString('base64'));
  }
  await host.close();
  return found;
}
