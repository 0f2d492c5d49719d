import { open } from './app.mjs';
export default async function (browser, asked) {
  const { page, seen, ready } = await open(browser, asked);
  await page.waitForTimeout(asked.wait ?? 0);
  return { ready, text: await page.locator('body').innerText(), seen };
}
