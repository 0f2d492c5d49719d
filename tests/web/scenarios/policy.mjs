/** What the security policy lets through: nothing. From the page and from a worker of its own. */
import { open } from './app.mjs';
import { serve } from './server.mjs';

export default async function (browser, asked) {
  const stranger = await serve(asked.app);
  const host = asked.url ? null : await serve(asked.app);
  const { page } = await open(browser, { ...asked, url: asked.url ?? host.url });
  const tries = `
    const outcome = {};
    const attempt = async (name, act) => { try { await act(); outcome[name] = 'went out'; } catch { outcome[name] = 'refused'; } };
    await attempt('fetch', () => fetch(target, { mode: 'no-cors' }));
    await attempt('xhr', () => new Promise((done, no) => { const x = new XMLHttpRequest(); x.onload = done; x.onerror = no; x.open('GET', target); x.send(); }));
    await attempt('websocket', () => new Promise((done, no) => { const s = new WebSocket(target.replace('http', 'ws')); s.onopen = done; s.onerror = no; }));
    await attempt('import', () => import(target + 'page.js'));
    return outcome;`;
  const fromPage = await page.evaluate(`(async () => { const target = '${stranger.url}'; ${tries} })()`);
  fromPage.image = await page.evaluate(
    (url) => new Promise((done) => {
      const image = new Image();
      image.onload = () => done('went out');
      image.onerror = () => done('refused');
      image.src = url;
    }),
    stranger.url + 'icon-192.png',
  );
  const fromWorker = await page.evaluate(
    ([body, target]) => new Promise((done) => {
      const code = `(async () => { const target = '${target}'; ${body} })().then((found) => postMessage(found))`;
      new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' }))).onmessage = (event) => done(event.data);
    }),
    [tries, stranger.url],
  );
  const evaluated = await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.injected = true';
    document.body.append(script);
    return Boolean(window.injected);
  });
  await stranger.close();
  await host?.close();
  return { fromPage, fromWorker, evaluated, strange: stranger.asked };
}
