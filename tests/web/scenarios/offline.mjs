/** The installed app after its host is gone. */
import { classify, open } from './app.mjs';
import { serve } from './server.mjs';

export default async function (browser, asked) {
  const host = await serve(asked.app, asked.headers);
  const { page, context, seen } = await open(browser, { ...asked, url: host.url });
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  const isolated = await page.evaluate(() => crossOriginIsolated);
  const first = await classify(page, asked.photos);
  await host.close();
  await page.reload();
  await page.waitForSelector('nav', { timeout: 30_000 });
  const second = await classify(page, asked.photos);
  await page.locator('nav button').nth(3).click();
  const about = await page.locator('dl').innerText();
  const preview = await page.evaluate(() => isSecureContext);
  await context.close();
  return { first, second, about, isolated, preview, seen };
}
