/** Opening an app that must not start. */
import { open } from './app.mjs';

export default async function (browser, asked) {
  const { page } = await open(browser, asked);
  return { alert: await page.locator('[role=alert]').innerText(), usable: await page.locator('nav').count() };
}
