/** PNG's row filters and Adam7 interlacing. */
import type { Size } from './limits.ts';

/** How the rows of a picture lie in the file; `depth` is bits per channel. */
export interface PngLayout {
  size: Size;
  depth: number;
  interlaced: boolean;
}

const WHOLE = [[0, 0, 1, 1]] as const;
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** The picture's rows without filter bytes, each beginning at a whole byte. */
export function unfilter(
  header: PngLayout,
  channels: number,
  inflate: (length: number) => Uint8Array,
): Uint8Array {
  const [width, height] = header.size;
  const bits = header.depth * channels;
  const stride = (columns: number): number => Math.ceil((columns * bits) / 8);
  const passes = (header.interlaced ? ADAM7 : WHOLE).map(([x, y, dx, dy]) => ({
    x,
    y,
    dx,
    dy,
    columns: Math.ceil((width - x) / dx),
    lines: Math.ceil((height - y) / dy),
  }));
  const used = passes.filter((pass) => pass.columns > 0 && pass.lines > 0);
  const data = inflate(used.reduce((sum, p) => sum + p.lines * (1 + stride(p.columns)), 0));
  const back = Math.max(1, bits >> 3);
  const picture = new Uint8Array(stride(width) * height);
  let at = 0;
  for (const pass of used) {
    const length = stride(pass.columns);
    let above = new Uint8Array(length);
    for (let line = 0; line < pass.lines; line++) {
      const row = data.subarray(at + 1, at + 1 + length) as Uint8Array<ArrayBuffer>;
      undo(data[at]!, row, above, back);
      at += 1 + length;
      above = row;
      place(picture, row, (pass.y + line * pass.dy) * stride(width), pass, bits);
    }
  }
  return picture;
}

function place(
  picture: Uint8Array,
  row: Uint8Array,
  start: number,
  pass: { x: number; dx: number; columns: number },
  bits: number,
): void {
  if (pass.dx === 1) {
    picture.set(row, start);
    return;
  }
  for (let column = 0; column < pass.columns; column++) {
    const x = pass.x + column * pass.dx;
    if (bits >= 8) {
      const bytes = bits >> 3;
      picture.set(row.subarray(column * bytes, (column + 1) * bytes), start + x * bytes);
    } else {
      const [from, to] = [column * bits, x * bits];
      const value = (row[from >> 3]! >> (8 - bits - (from & 7))) & (2 ** bits - 1);
      picture[start + (to >> 3)]! |= value << (8 - bits - (to & 7));
    }
  }
}

function undo(filter: number, row: Uint8Array, above: Uint8Array, back: number): void {
  if (filter > 4) throw new Error(`filter ${filter}`);
  for (let i = 0; i < row.length; i++) {
    const left = i >= back ? row[i - back]! : 0;
    const up = above[i]!;
    if (filter === 1) row[i]! += left;
    else if (filter === 2) row[i]! += up;
    else if (filter === 3) row[i]! += (left + up) >> 1;
    else if (filter === 4) row[i]! += paeth(left, up, i >= back ? above[i - back]! : 0);
  }
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}
