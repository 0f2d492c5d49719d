/** The app as a person uses it: photos, evidence, history, self-check, about; in both languages. */
import { readFileSync } from 'node:fs';
import { classify, open } from './app.mjs';

const go = (page, index) => page.locator('nav button').nth(index).click();

async function saved(page, button) {
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') };
}

/** What a finger or a screen reader would stumble over. */
function faults(page) {
  return page.evaluate(() => {
    const found = [];
    for (const touched of document.querySelectorAll('button, label.big, summary')) {
      const { width, height } = touched.getBoundingClientRect();
      if (width && (width < 44 || height < 44)) found.push(`small: ${touched.textContent}`);
      if (!touched.textContent.trim()) found.push(`nameless: ${touched.outerHTML}`);
    }
    for (const picture of document.querySelectorAll('canvas, img')) {
      if (!(picture.getAttribute('aria-label') || picture.getAttribute('alt'))) found.push('picture without a text');
    }
    if (document.documentElement.scrollWidth > innerWidth) found.push('wider than the phone');
    return found;
  });
}

export default async function (browser, asked) {
  const { page, seen, ready } = await open(browser, asked, { colorScheme: asked.dark ? 'dark' : 'light' });
  const shot = (name) => asked.shots && page.screenshot({ path: `${asked.shots}/${name}.png` });
  const result = { ready, seen, faults: [], title: await page.title(), lang: await page.evaluate(() => document.documentElement.lang) };
  const check = async () => result.faults.push(...(await faults(page)));
  await check();
  result.cards = await classify(page, asked.photos);
  await check();
  await shot('classify');
  const evidence = page.locator('.card .small').first();
  const before = await page.locator('canvas').first().evaluate((c) => c.toDataURL());
  await evidence.click();
  result.evidence = {
    pressed: await evidence.getAttribute('aria-pressed'),
    label: await page.locator('canvas').first().getAttribute('aria-label'),
    changed: before !== (await page.locator('canvas').first().evaluate((c) => c.toDataURL())),
  };
  await shot('evidence');

  await go(page, 2);
  await page.locator('main button.big').first().click();
  await page.waitForSelector('.banner', { timeout: 60_000 });
  await check();
  await shot('check');
  result.selfCheck = await page.locator('main [role=status]').first().innerText();
  result.report = await saved(page, page.locator('main [role=status] button').first());

  await go(page, 3);
  await page.locator('summary').click();
  await page.waitForFunction(() => document.querySelector('.licences').textContent.length > 1000);
  result.licences = await page.locator('.licences').textContent();
  result.about = await page.locator('dl').innerText();
  await check();
  await page.locator('summary').click();
  await shot('about');

  await page.reload();
  await page.waitForSelector('nav');
  await go(page, 1);
  await page.waitForSelector('.entry');
  result.kept = await page.locator('.entry').count();
  await check();
  await shot('history');
  result.json = await saved(page, page.locator('main .buttons button').nth(0));
  result.csv = await saved(page, page.locator('main .buttons button').nth(1));
  page.on('dialog', (dialog) => dialog.accept());
  await page.locator('main .buttons button').nth(2).click();
  await page.waitForFunction(() => !document.querySelector('.entry'));
  result.cleared = await page.locator('.entry').count();

  await page.locator('.language').click();
  result.other = { lang: await page.evaluate(() => document.documentElement.lang), text: await page.locator('nav').innerText() };
  return result;
}
