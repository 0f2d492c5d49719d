/** The app's model beside bare onnxruntime-web on the same model and pixels, in turns. */
import { readFileSync } from 'node:fs';
import { serve } from './server.mjs';
import { startWorker } from './worker.mjs';

const BARE = `
  let ort, session;
  onmessage = async ({ data }) => {
    if (data.model) {
      ort = await import(data.script);
      ort.env.wasm.wasmBinary = data.wasm;
      ort.env.wasm.numThreads = 1;
      session = await ort.InferenceSession.create(data.model, { executionProviders: ['wasm'] });
      postMessage(0);
      return;
    }
    const began = performance.now();
    await session.run({ pixels: new ort.Tensor('uint8', data.pixels, data.shape) }, ['probabilities', 'evidence']);
    postMessage(performance.now() - began);
  };
`;

export default async function (browser, asked) {
  const host = await serve(asked.app);
  const engine = await serve(asked.engine, { 'Access-Control-Allow-Origin': '*' });
  const page = await browser.newPage();
  const started = await startWorker(page, host.url);
  const found = await page.evaluate(
    async ({ code, base, script, model, photo, times }) => {
      const get = async (name) => new Uint8Array(await (await fetch(base + name)).arrayBuffer());
      const bare = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
      const say = (message) => new Promise((done) => {
        bare.onmessage = (event) => done(event.data);
        bare.postMessage(message);
      });
      await say({ model: await get(model), wasm: await get('ort.wasm'), script });
      const found = { app: [], bare: [], decode: [] };
      for (let i = 0; i < times; i++) {
        const answer = await window.classify(photo);
        const [width, height] = answer.size;
        const pixels = Uint8Array.from(atob(answer.pixels), (c) => c.charCodeAt(0));
        found.app.push(answer.milliseconds.model);
        found.decode.push(answer.milliseconds.decode);
        found.bare.push(await say({ pixels, shape: [1, height, width, 3] }));
      }
      return found;
    },
    {
      code: BARE,
      base: host.url,
      script: engine.url + 'ort.wasm.bundle.min.mjs',
      model: 'bundle/' + asked.model,
      photo: readFileSync(asked.photo).toString('base64'),
      times: asked.times,
    },
  );
  await host.close();
  await engine.close();
  return { started: started.result.milliseconds, ...found };
}
