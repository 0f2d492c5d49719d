import type { Size } from './limits.ts';

/** Turns a picture upright by EXIF's orientation, 1 to 8. */
export function orient(
  samples: Uint8Array,
  [width, height]: Size,
  channels: number,
  orientation: number,
): { samples: Uint8Array; size: Size } {
  if (orientation === 1) return { samples, size: [width, height] };
  const onItsSide = orientation >= 5;
  const [w, h] = onItsSide ? [height, width] : [width, height];
  const mirrorX = [2, 3, 7, 8].includes(orientation); // of the stored picture's columns
  const mirrorY = [3, 4, 6, 7].includes(orientation);
  const upright = new Uint8Array(samples.length);
  for (let y = 0, at = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const [column, row] = onItsSide ? [y, x] : [x, y];
      const from =
        ((mirrorY ? height - 1 - row : row) * width + (mirrorX ? width - 1 - column : column)) *
        channels;
      for (let c = 0; c < channels; c++) upright[at++] = samples[from + c]!;
    }
  }
  return { samples: upright, size: [w, h] };
}
