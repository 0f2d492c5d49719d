/** How long the app takes until it can classify, several times. */
import { open } from './app.mjs';

export default async function (browser, asked) {
  const ready = [];
  for (let i = 0; i < asked.times; i++) {
    const opened = await open(browser, asked);
    ready.push(opened.ready);
    await opened.context.close();
  }
  return { ready };
}
