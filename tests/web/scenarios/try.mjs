import { classify, open } from './app.mjs';
export default async function (browser, asked) {
  const { page, seen, ready } = await open(browser, asked);
  const cards = await classify(page, asked.photos);
  await page.screenshot({ path: asked.shots + '/classify.png' });
  await page.locator('.card .small').first().click();
  await page.screenshot({ path: asked.shots + '/evidence.png', fullPage: true });
  await page.locator('nav button').nth(2).click();
  await page.getByText('Run the self-check').click();
  await page.waitForSelector('.banner', { timeout: 60000 });
  await page.screenshot({ path: asked.shots + '/check.png' });
  const check = await page.locator('main').innerText();
  await page.locator('nav button').nth(3).click();
  await page.screenshot({ path: asked.shots + '/about.png' });
  const about = await page.locator('main').innerText();
  await page.locator('nav button').nth(1).click();
  await page.waitForTimeout(500);
  await page.screenshot({ path: asked.shots + '/history.png' });
  return { ready, cards, check, about, seen };
}
