/**
 * The host step of the pixel contract: a photo's bytes to uint8[H, W, 3] in sRGB, upright.
 *
 * The twin of `edgetlc.runtime.pixels.decode`; docs/pixel-contract/README.md specifies both.
 */
import { boxMean } from './boxMean.ts';
import { toSrgb } from './colour.ts';
import { openPhoto } from './containers.ts';
import { PhotoError } from './errors.ts';
import { orientation } from './exif.ts';
import { MAX_FILE_BYTES, type Size, checkMemory, checkSize, reductions } from './limits.ts';
import { orient } from './orient.ts';
import type { Samples } from './samples.ts';

const BAND_PIXELS = 1 << 20;

export interface Decoded {
  /** uint8[height, width, 3]. */
  pixels: Uint8Array;
  size: Size;
  container: string;
  exif: Uint8Array;
  notes: string[];
}

/** Decodes a photo for a network of `size` x `size`. */
export async function decodePhoto(data: Uint8Array, size: number): Promise<Decoded> {
  if (data.length > MAX_FILE_BYTES) {
    throw new PhotoError('file', `${data.length} bytes long; a photo has at most 256 MiB`);
  }
  const photo = openPhoto(data);
  checkSize(photo.declared);
  const [s, k] = reductions(photo.declared, size);
  const result = (3 * photo.declared[0] * photo.declared[1]) / (s * k) ** 2;
  checkMemory(photo.declared, photo.memory(s) + result, photo.allowed);
  const samples = await guarded(() => photo.decode(s));
  const reduced = await guarded(async () => reduce(samples, samples.scaled ? 1 : s, k));
  await guarded(async () => samples.check?.(reduced.last));
  const turn = photo.turns ? 1 : (photo.orientation ?? orientation(photo.exif));
  const upright = orient(reduced.samples, reduced.size, samples.channels, turn);
  const { rgb, note } = toSrgb(upright.samples, samples.channels, photo.colours);
  return {
    pixels: rgb,
    size: upright.size,
    container: photo.container,
    exif: photo.exif,
    notes: note === undefined ? [...photo.notes] : [...photo.notes, note],
  };
}

/** Runs a decoder, whose allocations fail with a RangeError where memory is short. */
async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PhotoError) throw error;
    if (error instanceof RangeError) {
      throw new PhotoError('exhausted', 'too little free memory for a photo of this size');
    }
    throw new PhotoError('damaged', `damaged file: ${(error as Error).message}`);
  }
}

/** Box means by s, then k, in bands, so that the whole picture is never held twice. */
function reduce(samples: Samples, s: number, k: number): { samples: Uint8Array; size: Size; last: Uint8Array } {
  const [width, height] = samples.size;
  const { channels } = samples;
  const [across, down] = [Math.ceil(Math.ceil(width / s) / k), Math.ceil(Math.ceil(height / s) / k)];
  const reduced = new Uint8Array(across * down * channels);
  let last = new Uint8Array();
  const band = Math.max(1, Math.floor(BAND_PIXELS / (width * s * k))) * s * k;
  for (let top = 0, at = 0; top < height; top += band) {
    const count = Math.min(band, height - top);
    const rows = samples.rows(count);
    last = rows.slice(-channels);
    const once = boxMean(rows, width, count, channels, s);
    const twice = boxMean(once, Math.ceil(width / s), Math.ceil(count / s), channels, k);
    reduced.set(twice, at);
    at += twice.length;
  }
  return { samples: reduced, size: [across, down], last };
}
