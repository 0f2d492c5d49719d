/** What one photo may cost; the numbers are the pixel contract's. */
import { PhotoError } from './errors.ts';

export const MAX_FILE_BYTES = 268_435_456;
export const MAX_PIXELS = 210_000_000;
export const MAX_ASPECT = 32;
export const MAX_SCANS = 32;
export const MAX_PARTS = 100_000;
export const MAX_MEMORY = 450_000_000;
export const MAX_MEMORY_BUFFERED = 290_000_000;
export const MAX_PROFILE_BYTES = 4 * 1024 * 1024;

export type Size = readonly [width: number, height: number];

/** Refuses a declared size by its area and its sides. */
export function checkSize([width, height]: Size): void {
  if (width * height > MAX_PIXELS) {
    throw new PhotoError(
      'pixels',
      `${width} x ${height} pixels declared; a photo may have ${MAX_PIXELS / 1e6} million`,
    );
  }
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  if (short < 1 || long > MAX_ASPECT * short) {
    throw new PhotoError(
      'aspect',
      `${width} x ${height} pixels; sides may differ ${MAX_ASPECT} times at most`,
    );
  }
}

/** Refuses a photo that would take more memory than allowed, before decoding it. */
export function checkMemory([width, height]: Size, needed: number, allowed: number): void {
  if (needed > allowed) {
    throw new PhotoError(
      'memory',
      `${width} x ${height} pixels declared; decoding would take ${Math.ceil(needed / 1e6)} MB, ` +
        `${allowed / 1e6} are allowed; save it smaller or as a baseline JPEG`,
    );
  }
}

/** The contract's whole-number reductions [s, k]. */
export function reductions([width, height]: Size, size: number): [s: number, k: number] {
  const short = Math.min(width, height);
  const s = [8, 4, 2].find((scale) => short >= 2 * size * scale) ?? 1;
  return [s, Math.max(1, Math.floor(Math.ceil(short / s) / size))];
}
