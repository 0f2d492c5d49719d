/**
 * Runs one scenario in Chromium and prints its result as JSON.
 *
 *   node browser.mjs SCENARIO ARGUMENTS.json
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const web = fileURLToPath(new URL('../../runtime/web/', import.meta.url));
const { chromium } = createRequire(web)('playwright-core');
const [scenario, file] = process.argv.slice(2);
const asked = JSON.parse(readFileSync(file, 'utf8'));
const browser = await chromium.launch({
  executablePath: asked.chromium,
  args: ['--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', ...(asked.flags ?? [])],
});
try {
  const { default: run } = await import(`./scenarios/${scenario}.mjs`);
  console.log(JSON.stringify(await run(browser, asked)));
} finally {
  await browser.close();
}
