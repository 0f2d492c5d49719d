/** Colours by code points (ITU-T H.273): primaries, transfer curves, and the way to sRGB. */
import { BT709, type Point, colorants } from './colorants.ts';
import { type ToSrgb, fromMatrix } from './icc.ts';
import type { Curve } from './iccCurves.ts';

const PRIMARIES: Readonly<Record<number, readonly [Point, Point, Point]>> = {
  1: BT709,
  2: BT709, // unspecified
  5: [[0.64, 0.33], [0.29, 0.6], [0.15, 0.06]],
  6: [[0.63, 0.34], [0.31, 0.595], [0.155, 0.07]],
  9: [[0.708, 0.292], [0.17, 0.797], [0.131, 0.046]],
  12: [[0.68, 0.32], [0.265, 0.69], [0.15, 0.06]],
};
const HDR: Readonly<Record<number, string>> = { 16: 'PQ', 18: 'HLG' };

const srgb: Curve = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);

function transfer(code: number): Curve | undefined {
  if ([1, 2, 6, 13, 14, 15].includes(code)) return srgb;
  const gamma = { 4: 2.2, 5: 2.8, 8: 1 }[code];
  return gamma === undefined ? undefined : (v) => v ** gamma;
}

/** The way from code points to sRGB, or a note where that is a guess. */
export function fromCodePoints(points: { primaries: number; transfer: number }): {
  convert: ToSrgb;
  note?: string;
} {
  const hdr = HDR[points.transfer];
  if (hdr) return { convert: null, note: `HDR photo (${hdr}) read as if it were SDR` };
  const primaries = PRIMARIES[points.primaries];
  const curve = transfer(points.transfer);
  if (!primaries || !curve) {
    const code = `${points.primaries}/${points.transfer}`;
    return { convert: null, note: `unknown colours (code points ${code}) read as sRGB` };
  }
  return { convert: fromMatrix(colorants(primaries), [curve, curve, curve]) };
}
