/** Many photos: how memory grows, and whether the page answers meanwhile. */
import { readFileSync } from 'node:fs';
import { classify, open } from './app.mjs';

/** Memory of all of the browser's processes in bytes, shared parts counted once. */
async function memory(session) {
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  return processInfo
    .filter(({ type }) => type === 'renderer')
    .map(({ id }) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, 'utf8'))[1]) * 1024)
    .reduce((sum, bytes) => sum + bytes, 0);
}

export default async function (browser, asked) {
  const session = await browser.newBrowserCDPSession();
  const { page, seen } = await open(browser, asked);
  await page.evaluate(() => {
    window.longest = 0;
    let last = performance.now();
    setInterval(() => {
      const now = performance.now();
      window.longest = Math.max(window.longest, now - last);
      last = now;
    }, 10);
  });
  const after = [];
  for (let round = 0; round < asked.rounds; round++) {
    await classify(page, asked.photos);
    after.push(await memory(session));
  }
  return { after, longest: await page.evaluate(() => window.longest), errors: seen.errors };
}
