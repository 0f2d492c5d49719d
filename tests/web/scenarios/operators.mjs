/** Which operators run after the engine's optimisation: from the profile it prints in a browser. */
import { readFileSync } from 'node:fs';
import { serve } from './server.mjs';

export default async function (browser, asked) {
  const host = await serve(asked.app);
  const engine = await serve(asked.engine, { 'Access-Control-Allow-Origin': '*' });
  const page = await browser.newPage();
  const printed = [];
  page.on('console', (message) => printed.push(message.text()));
  await page.goto(host.url + 'LICENCES.txt');
  await page.evaluate(
    async ({ script, wasm, model, side }) => {
      const ort = await import(script);
      ort.env.wasm.wasmBinary = await (await fetch(wasm)).arrayBuffer();
      ort.env.wasm.numThreads = 1;
      const session = await ort.InferenceSession.create(new Uint8Array(await (await fetch(model)).arrayBuffer()), {
        executionProviders: ['wasm'],
        graphOptimizationLevel: 'all',
        enableProfiling: true,
      });
      await session.run({ pixels: new ort.Tensor('uint8', new Uint8Array(side * side * 3), [1, side, side, 3]) });
      session.endProfiling();
    },
    { script: engine.url + 'ort.wasm.bundle.min.mjs', wasm: host.url + 'ort.wasm', model: host.url + 'bundle/' + asked.model, side: asked.side },
  );
  await host.close();
  await engine.close();
  return { operators: [...printed.join('\n').matchAll(/"op_name"\s*:\s*"(\w+)"/g)].map(([, name]) => name), printed };
}
