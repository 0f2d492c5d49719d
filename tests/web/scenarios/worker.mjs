/** Asking the app's worker, without its page. */

/** Starts the worker of a served app in `page`; `window.ask(question)` then asks it. */
export async function startWorker(page, base, { threads = 1, frugal = false, before = '' } = {}) {
  await page.goto(base + 'LICENCES.txt');
  return page.evaluate(
    async ([base, resources, before]) => {
      const script = before + (await (await fetch(base + 'worker.js')).text());
      const worker = new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })));
      const waiting = new Map();
      worker.onmessage = ({ data }) => {
        if ('reserved' in data) window.reserved = data.reserved;
        if ('decode' in data) worker.postMessage({ ask: 'bitmap', id: data.id, bitmap: null });
        if ('ok' in data) waiting.get(data.id)?.(data);
      };
      let count = 0;
      window.ask = (question) =>
        new Promise((done) => {
          waiting.set(++count, done);
          worker.postMessage({ ...question, id: count });
        });
      window.classify = async (base64) => {
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        const reply = await window.ask({ ask: 'classify', photo: bytes.buffer });
        if (!reply.ok) return { reason: reply.reason, message: reply.message };
        let text = '';
        for (const value of reply.result.pixels) text += String.fromCharCode(value);
        return { ...reply.result, pixels: btoa(text), evidence: [...reply.result.evidence] };
      };
      return window.ask({ ask: 'start', assets: { kind: 'folder', base }, resources });
    },
    [base, { threads, frugal }, before],
  );
}
