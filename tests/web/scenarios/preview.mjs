/** The camera's live picture, from Chromium's own test camera. */
import { open } from './app.mjs';
import { serve } from './server.mjs';

export default async function (browser, asked) {
  const host = await serve(asked.app);
  const { page, seen } = await open(browser, { ...asked, url: host.url }, { permissions: ['camera'] });
  await page.getByText('Camera preview').click();
  await page.waitForFunction(() => document.querySelector('video')?.videoWidth > 0);
  await page.getByText('Classify this view').click();
  await page.waitForSelector('.card');
  const card = await page.locator('.card').innerText();
  const open_ = await page.locator('dialog').count();
  await host.close();
  return { card, dialogs: open_, errors: seen.errors };
}
