/** ONNX Runtime Web, WebAssembly only: WebGPU answers differently and crashes on some phones. */
import * as ort from 'onnxruntime-web/wasm';
import { type Assets, readAsset } from '../assets.ts';
import { FRUGAL_PAGES, MOST_PAGES, allowSmallerMemory } from './memory.ts';
import type { Resources } from './messages.ts';

export interface Output {
  probabilities: Float32Array;
  /** Evidence of every class, float32[classes, height, width]. */
  evidence: Float32Array;
  evidenceSize: readonly [width: number, height: number];
}

export class Engine {
  private constructor(
    private readonly session: ort.InferenceSession,
    readonly name: string,
  ) {}

  /** Loads the engine and a model, whose bytes were checked. */
  static async open(
    assets: Assets,
    model: Uint8Array<ArrayBuffer>,
    { threads, frugal }: Resources,
  ): Promise<Engine> {
    allowSmallerMemory(frugal ? FRUGAL_PAGES : MOST_PAGES);
    ort.env.wasm.wasmBinary = await readAsset(assets, 'ort.wasm');
    ort.env.wasm.numThreads = threads;
    ort.env.logLevel = 'error';
    const session = await ort.InferenceSession.create(model, {
      executionProviders: ['wasm'],
      graphOptimizationLevel: 'all',
      enableCpuMemArena: !frugal, // an arena keeps what it once took; answers are the same without
      enableMemPattern: !frugal,
    });
    return new Engine(session, `onnxruntime-web ${ort.env.versions.web ?? ''}`.trim());
  }

  /** Classifies uint8[height, width, 3], the host step's result. */
  async run(pixels: Uint8Array, [width, height]: readonly [number, number]): Promise<Output> {
    const input = new ort.Tensor('uint8', pixels, [1, height, width, 3]);
    const found = await this.session.run({ pixels: input }, ['probabilities', 'evidence']);
    const { probabilities, evidence } = found;
    if (!probabilities || !evidence) throw new Error('the model does not answer as it should');
    const [, , rows = 0, columns = 0] = evidence.dims;
    const output = {
      probabilities: Float32Array.from(probabilities.data as Float32Array),
      evidence: Float32Array.from(evidence.data as Float32Array),
      evidenceSize: [columns, rows] as const,
    };
    input.dispose();
    probabilities.dispose();
    evidence.dispose();
    return output;
  }
}
