// Answers what wasm_photos.py laid out: node wasm.mjs ROOT FOLDER REPORT.json
import { readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [root, folder, output] = process.argv.slice(2);
const engine = resolve(root, "node_modules/onnxruntime-web");
const { version } = JSON.parse(await readFile(join(engine, "package.json")));
const ort = await import(pathToFileURL(join(engine, "dist/ort.wasm.bundle.min.mjs")));
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmBinary = await readFile(join(engine, "dist/ort-wasm-simd-threaded.wasm"));

const job = JSON.parse(await readFile(join(folder, "job.json")));
const session = await ort.InferenceSession.create(await readFile(join(folder, "model")), {
  executionProviders: ["wasm"],
});
const predictions = [];
for (const [index, { sha256, shape }] of job.photos.entries()) {
  const pixels = new Uint8Array(await readFile(join(folder, `${index}.rgb`)));
  const answer = await session.run({ pixels: new ort.Tensor("uint8", pixels, shape) });
  const row = answer.probabilities.data;
  const probabilities = Object.fromEntries(job.classes.map((name, c) => [name, row[c]]));
  predictions.push({ sha256, probabilities });
}
const report = {
  ...job.report,
  engine: `onnxruntime-web ${version}`,
  machine: `WebAssembly on one thread, node ${process.version}, ${cpus()[0].model}`,
  predictions,
};
await writeFile(output, JSON.stringify(report));
