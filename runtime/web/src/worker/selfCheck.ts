/** Replays the bundle's golden inputs: does this browser decode and classify as the writer did? */
import { decodePhoto } from '../pixels/hostStep.ts';
import type { Classifier } from './classifier.ts';
import type { SelfCheck } from './messages.ts';

const NATIVE = 'onnxruntime'; // whose answers the browser's are compared with

export async function selfCheck(
  classifier: Classifier,
  progress: (text: string) => void,
): Promise<SelfCheck> {
  const { app, manifest, engine } = classifier;
  const golden = await classifier.golden();
  const expected = golden.outputs.find((o) => o.model === app.model && o.engine === NATIVE);
  if (!expected) throw new Error(`the bundle holds no answers of ${app.model} to compare with`);
  const photos: SelfCheck['pixels']['photos'] = [];
  const answers: SelfCheck['models'][number]['answers'] = [];
  for (const [index, input] of golden.inputs.entries()) {
    progress(`${index + 1} / ${golden.inputs.length}`);
    const wanted = await decodePhoto(await classifier.part(input.pixels), 1 << 24); // as they are
    const found = await decodePhoto(await classifier.part(input.photo), manifest.contract.size);
    photos.push({ photo: input.photo, ...compared(found, wanted) });
    const output = await engine.run(wanted.pixels, wanted.size);
    const before = expected.probabilities[index]!;
    const after = Array.from(output.probabilities);
    answers.push({
      photo: input.photo,
      expected: manifest.classes[best(before)]!.name,
      found: manifest.classes[best(after)]!.name,
      largest: Math.max(...after.map((p, i) => Math.abs(p - Math.fround(before[i]!)))),
    });
  }
  return {
    pixels: {
      photos,
      passed: photos.every((p) => p.largest !== null && p.largest <= app.tolerance.pixels),
    },
    models: [
      {
        model: app.model,
        engine: engine.name,
        written_by: expected.written_by,
        answers,
        passed: answers.every(
          (a) => a.expected === a.found && a.largest <= app.tolerance.probability,
        ),
      },
    ],
  };
}

const best = (row: readonly number[]): number => row.indexOf(Math.max(...row));

function compared(
  found: { pixels: Uint8Array; size: readonly number[] },
  wanted: { pixels: Uint8Array; size: readonly number[] },
): { largest: number | null; differing: number | null; samples: number } {
  const samples = wanted.pixels.length;
  if (found.size.join() !== wanted.size.join()) return { largest: null, differing: null, samples };
  let [largest, differing] = [0, 0];
  wanted.pixels.forEach((value, i) => {
    const difference = Math.abs(value - found.pixels[i]!);
    largest = Math.max(largest, difference);
    differing += Number(difference > 0);
  });
  return { largest, differing, samples };
}
