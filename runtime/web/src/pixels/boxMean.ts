/**
 * The contract's box mean by `factor`: edge boxes average what they have.
 *
 * mean = ((S + floor(N / 2)) * floor(2^24 / N)) >> 24; a double holds the product exactly.
 */
export function boxMean(
  samples: Uint8Array,
  width: number,
  height: number,
  channels: number,
  factor: number,
): Uint8Array {
  if (factor === 1) return samples;
  const [across, down] = [Math.ceil(width / factor), Math.ceil(height / factor)];
  const means = new Uint8Array(across * down * channels);
  const sums = new Uint32Array(across * channels);
  for (let box = 0; box < down; box++) {
    const [top, bottom] = [box * factor, Math.min(height, (box + 1) * factor)];
    sums.fill(0);
    for (let y = top; y < bottom; y++) addRow(sums, samples, y * width * channels, width, channels, factor);
    for (let x = 0; x < across; x++) {
      const n = (bottom - top) * Math.min(factor, width - x * factor);
      const [half, scale] = [n >> 1, Math.floor(16777216 / n)];
      for (let c = 0; c < channels; c++) {
        const at = x * channels + c;
        means[box * across * channels + at] = Math.floor(((sums[at]! + half) * scale) / 16777216);
      }
    }
  }
  return means;
}

function addRow(
  sums: Uint32Array,
  samples: Uint8Array,
  start: number,
  width: number,
  channels: number,
  factor: number,
): void {
  let at = start;
  for (let x = 0, target = 0; x < width; target += channels) {
    const end = Math.min(width, x + factor);
    for (; x < end; x++) for (let c = 0; c < channels; c++) sums[target + c]! += samples[at++]!;
  }
}
