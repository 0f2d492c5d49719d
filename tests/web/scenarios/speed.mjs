/** The app's model time beside bare onnxruntime-web's on the same pixels, in turns. */
import { readFileSync } from 'node:fs';
export default async function (browser, asked) {
  const page = await browser.newPage();
  await page.goto(asked.url + 'LICENCES.txt');
  return page.evaluate(async ({ base, file, model }) => {
    const get = async (n) => new Uint8Array(await (await fetch(base + n)).arrayBuffer());
    const worker = new Worker(URL.createObjectURL(new Blob([await get('worker.js')], { type: 'text/javascript' })));
    let n = 0;
    const ask = (q) => new Promise((done) => { const id = ++n; worker.addEventListener('message', function hear(e) { if (e.data.id === id && 'ok' in e.data) { worker.removeEventListener('message', hear); done(e.data); } }); worker.postMessage({ ...q, id }); });
    const started = await ask({ ask: 'start', assets: { kind: 'folder', base }, threads: 1 });
    const photo = Uint8Array.from(atob(file), (c) => c.charCodeAt(0)).buffer;
    const first = (await ask({ ask: 'classify', photo })).result;
    const bare = new Worker(URL.createObjectURL(new Blob([`
      onmessage = async ({data}) => { try {
        if (data.model) { const ort = await import(data.ort); ort.env.wasm.wasmBinary = data.wasm; ort.env.wasm.numThreads = 1; self.ort = ort;
          const t = performance.now(); self.session = await ort.InferenceSession.create(data.model, {executionProviders:['wasm'], graphOptimizationLevel:'all'}); postMessage(performance.now()-t); return; }
        const t = performance.now(); const out = await session.run({pixels: new ort.Tensor('uint8', data.pixels, data.shape)}, ['probabilities','evidence']); postMessage([performance.now()-t, Array.from(out.probabilities.data)]);
      } catch(e) { postMessage('ERR '+e.message) } }`], { type: 'text/javascript' })));
    const say = (m) => new Promise((done) => { bare.onmessage = (e) => done(e.data); bare.postMessage(m); });
    const created = await say({ model: await get(model), ort: base + 'ort.mjs', wasm: await get('ort.wasm') });
    const times = { app: [], bare: [], decode: [] };
    let other;
    for (let i = 0; i < 12; i++) {
      const a = (await ask({ ask: 'classify', photo })).result;
      times.app.push(a.milliseconds.model); times.decode.push(a.milliseconds.decode);
      const b = await say({ pixels: a.pixels, shape: [1, a.size[1], a.size[0], 3] });
      times.bare.push(b[0]); other = b[1];
    }
    const median = (x) => x.sort((p, q) => p - q)[x.length >> 1];
    return { started: started.result?.milliseconds ?? started, created, app: median(times.app), bare: median(times.bare), decode: median(times.decode), probabilities: first.probabilities, other, size: first.size };
  }, { base: asked.url, file: readFileSync(asked.photo).toString('base64'), model: asked.model });
}
