/** One bundle's model in this browser: opened and checked once, then asked about photos. */
import { type Assets, readAsset, readJson } from '../assets.ts';
import type { AppInfo, BundleManifest, GoldenFile } from '../format.ts';
import { cameraTags } from '../pixels/exif.ts';
import { decodePhoto } from '../pixels/hostStep.ts';
import { useJpegDecoder } from '../pixels/jpeg.ts';
import { digest } from './digest.ts';
import { Engine } from './engine.ts';
import type { Answer, Resources, Started } from './messages.ts';

/** A part of the bundle is not what was exported. */
export class ChangedError extends Error {}

export class Classifier {
  private constructor(
    private readonly assets: Assets,
    readonly app: AppInfo,
    readonly manifest: BundleManifest,
    readonly engine: Engine,
  ) {}

  /** Opens the bundle; nothing is parsed before its digest is compared. */
  static async open(assets: Assets, resources: Resources): Promise<Classifier> {
    const app = await readJson<AppInfo>(assets, 'app.json');
    const content = await readAsset(assets, 'bundle/bundle.json');
    if ((await digest(content)) !== app.bundle) throw new ChangedError('bundle.json');
    const manifest = JSON.parse(new TextDecoder().decode(content)) as BundleManifest;
    const model = manifest.models.find((m) => m.id === app.model);
    if (!model || manifest.contract.version !== 1) throw new ChangedError('bundle.json');
    useJpegDecoder(await readAsset(assets, 'jpeg.wasm'));
    const bytes = await readChecked(assets, manifest, model.files[0]!);
    return new Classifier(assets, app, manifest, await Engine.open(assets, bytes, resources));
  }

  started(threads: number, milliseconds: number): Started {
    const { app, manifest, engine } = this;
    return { app, manifest, engine: engine.name, threads, milliseconds };
  }

  async classify(photo: Uint8Array<ArrayBuffer>): Promise<Answer> {
    const { size, geometry } = this.manifest.contract;
    const began = performance.now();
    const decoded = await decodePhoto(photo, size);
    const read = performance.now();
    const output = await this.engine.run(decoded.pixels, decoded.size);
    const probabilities = Array.from(output.probabilities);
    if (probabilities.length !== this.manifest.classes.length || !probabilities.every(Number.isFinite)) {
      throw new Error('the model does not answer as its bundle says');
    }
    const best = probabilities.indexOf(Math.max(...probabilities));
    const [columns, rows] = output.evidenceSize;
    const seen = geometry === 'squash' ? decoded : centralSquare(decoded);
    return {
      sha256: await digest(photo),
      probabilities,
      pixels: seen.pixels,
      size: seen.size,
      evidence: output.evidence.slice(best * rows * columns, (best + 1) * rows * columns),
      evidenceSize: output.evidenceSize,
      tags: cameraTags(decoded.exif),
      notes: decoded.notes,
      milliseconds: { decode: read - began, model: performance.now() - read },
    };
  }

  async golden(): Promise<GoldenFile> {
    const content = await this.part('golden/golden.json');
    return JSON.parse(new TextDecoder().decode(content)) as GoldenFile;
  }

  /** A file of the bundle, checked. */
  part(name: string): Promise<Uint8Array<ArrayBuffer>> {
    return readChecked(this.assets, this.manifest, name);
  }
}

async function readChecked(
  assets: Assets,
  manifest: BundleManifest,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const content = await readAsset(assets, `bundle/${name}`);
  const record = manifest.files[name];
  if (!record || content.length !== record.bytes || (await digest(content)) !== record.sha256) {
    throw new ChangedError(name);
  }
  return content;
}

/** What the geometry `crop` keeps. */
function centralSquare(whole: { pixels: Uint8Array; size: readonly [number, number] }): {
  pixels: Uint8Array;
  size: readonly [number, number];
} {
  const [width, height] = whole.size;
  const side = Math.min(width, height);
  const [left, top] = [(width - side) >> 1, (height - side) >> 1];
  const pixels = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    const from = ((top + y) * width + left) * 3;
    pixels.set(whole.pixels.subarray(from, from + side * 3), y * side * 3);
  }
  return { pixels, size: [side, side] };
}
