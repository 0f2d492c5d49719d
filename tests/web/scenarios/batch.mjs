/** The batch run on many photos; saves its report. */
import { open } from './app.mjs';

export default async function (browser, asked) {
  const { page, seen } = await open(browser, asked);
  await page.locator('nav button').nth(2).click();
  await page.locator('main input[type=file]').nth(asked.folder ? 0 : 1).setInputFiles(asked.folder ?? asked.photos);
  await page.waitForFunction(() => document.querySelectorAll('[role=status] .buttons button').length === 2, null, { timeout: 500_000 });
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByText('Save the report').click()]);
  await download.saveAs(asked.report);
  return { summary: await page.locator('[role=status] .status').innerText(), name: download.suggestedFilename(), seen };
}
