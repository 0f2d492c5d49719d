/** The evidence laid over a photo, in the colours of `edgetlc predict --overlay`. */
const STRENGTH = 0.6;
const STOPS = [
  [0, 0, 0, 96],
  [0.25, 0, 96, 255],
  [0.5, 0, 224, 160],
  [0.75, 255, 224, 0],
  [1, 255, 0, 0],
] as const;

export interface Picture {
  pixels: Uint8Array; // RGB
  size: readonly [width: number, height: number];
}

/** Draws a picture, with its evidence where some is given. */
export function draw(
  canvas: HTMLCanvasElement | OffscreenCanvas,
  { pixels, size: [width, height] }: Picture,
  evidence?: { map: Float32Array; size: readonly [number, number] },
): void {
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  const field = evidence && stretched(normalised(evidence.map), evidence.size, [width, height]);
  for (let i = 0, from = 0, to = 0; i < width * height; i++, from += 3, to += 4) {
    const strength = field?.[i] ?? 0;
    const colour = colourOf(strength);
    for (let c = 0; c < 3; c++) {
      const weight = STRENGTH * strength;
      image.data[to + c] = pixels[from + c]! * (1 - weight) + colour[c]! * weight;
    }
    image.data[to + 3] = 255;
  }
  const context = canvas.getContext('2d') as CanvasRenderingContext2D | null;
  context?.putImageData(image, 0, 0);
}

function normalised(map: Float32Array): Float32Array {
  const low = map.reduce((a, b) => Math.min(a, b), Infinity);
  const high = map.reduce((a, b) => Math.max(a, b), -Infinity);
  return map.map((v) => (high > low ? (v - low) / (high - low) : 0));
}

/** Bicubic interpolation (a = -1/2), rows after columns. */
function stretched(
  map: Float32Array,
  [columns, rows]: readonly [number, number],
  [width, height]: readonly [number, number],
): Float32Array {
  const across = weights(columns, width);
  const wide = new Float32Array(rows * width);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < width; x++) {
      wide[y * width + x] = across[x]!.reduce((sum, [i, w]) => sum + w * map[y * columns + i]!, 0);
    }
  }
  const down = weights(rows, height);
  const field = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = down[y]!.reduce((sum, [i, w]) => sum + w * wide[i * width + x]!, 0);
      field[y * width + x] = Math.min(1, Math.max(0, value));
    }
  }
  return field;
}

function weights(source: number, target: number): [index: number, weight: number][][] {
  return Array.from({ length: target }, (_, i) => {
    const centre = ((i + 0.5) * source) / target - 0.5;
    const near = [-1, 0, 1, 2].map((d) => Math.floor(centre) + d);
    const found = near
      .filter((j) => j >= 0 && j < source)
      .map((j) => [j, cubic(Math.abs(centre - j))] as [number, number]);
    const sum = found.reduce((total, [, w]) => total + w, 0);
    return found.map(([j, w]) => [j, w / sum]);
  });
}

const cubic = (x: number): number =>
  x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;

const COLOURS = Array.from({ length: 256 }, (_, i) => {
  const place = i / 255;
  const above = Math.max(1, STOPS.findIndex(([at]) => at >= place));
  const [low, high] = [STOPS[above - 1]!, STOPS[above]!];
  const share = (place - low[0]) / (high[0] - low[0]);
  return [1, 2, 3].map((c) => low[c]! + (high[c]! - low[c]!) * share);
});
const colourOf = (strength: number): number[] => COLOURS[Math.round(strength * 255)]!;
