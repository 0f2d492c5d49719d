/** Using the app as a person does. */
export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

/** Opens the app and waits until it can classify; collects what went wrong and every request. */
export async function open(browser, asked, options = {}, { before, clock = false } = {}) {
  const context = await browser.newContext({ ...PHONE, locale: asked.locale ?? 'en-US', acceptDownloads: true, ...options });
  const page = await context.newPage();
  const seen = { requests: [], errors: [] };
  page.on('request', (request) => seen.requests.push(request.url()));
  page.on('console', (message) => message.type() === 'error' && seen.errors.push(message.text()));
  page.on('pageerror', (error) => seen.errors.push(String(error)));
  if (clock) await page.clock.install();
  if (before) await page.addInitScript(...before);
  const began = Date.now();
  await page.goto(asked.url);
  await page.waitForSelector('nav, [role=alert]', { timeout: 20_000 }).catch(async (error) => {
    throw new Error(`${error.message}\n${await page.locator('body').innerText()}\n${seen.errors.join('\n')}`);
  });
  return { context, page, seen, ready: Date.now() - began };
}

/** Chooses photos and returns the cards, in the photos' order. */
export async function classify(page, photos) {
  const before = await page.locator('.card').count();
  await page.locator('input[type=file]').nth(1).setInputFiles(photos);
  await page.waitForFunction(
    ([n, done]) => document.querySelectorAll('.card').length >= n && new RegExp(done).test(document.querySelector('.status').textContent),
    [Math.min(20, before + photos.length), '(photos classified|已鉴别)'],
    { timeout: 120_000 },
  );
  const texts = await page.locator('.card').evaluateAll((cards) => cards.map((card) => card.innerText));
  return texts.slice(0, photos.length).reverse();
}
