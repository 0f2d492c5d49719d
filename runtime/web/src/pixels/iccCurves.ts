/** The curves of ICC profiles, and sRGB's own. */
import { startsWith, u16, u32 } from './bytes.ts';

export type Curve = (value: number) => number;

/** sRGB's curve from linear light to 0 to 1; what lies outside is clipped. */
export function encode(linear: number): number {
  const v = Math.min(1, Math.max(0, linear));
  return v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055;
}

export const fixed = (data: Uint8Array, at: number): number => (u32(data, at) | 0) / 65536;

/** A curve and how many bytes of the tag it takes. */
export function readCurve(tag: Uint8Array): { curve: Curve; length: number } {
  if (startsWith(tag, 'para')) return parametric(tag);
  if (!startsWith(tag, 'curv')) throw new Error('its curves cannot be read');
  const count = u32(tag, 8);
  const length = 12 + 2 * count;
  if (length > tag.length) throw new Error('its curves are cut short');
  return { curve: sampled(tag, count), length };
}

function sampled(tag: Uint8Array, count: number): Curve {
  if (count === 0) return (v) => v;
  if (count === 1) {
    const gamma = u16(tag, 12) / 256;
    return (v) => v ** gamma;
  }
  return (v) => {
    const place = v * (count - 1);
    const below = Math.min(Math.floor(place), count - 2);
    const [low, high] = [u16(tag, 12 + 2 * below), u16(tag, 14 + 2 * below)];
    return (low + (high - low) * (place - below)) / 65535;
  };
}

/** The specification's parametric curves 0 to 4. */
function parametric(tag: Uint8Array): { curve: Curve; length: number } {
  const kind = u16(tag, 8);
  const count = [1, 3, 4, 5, 7][kind];
  if (count === undefined || 12 + 4 * count > tag.length) throw new Error('its curves cannot be read');
  const numbers = Array.from({ length: count }, (_, i) => fixed(tag, 12 + 4 * i));
  return { curve: formula(kind, numbers), length: 12 + 4 * count };
}

function formula(kind: number, [g = 1, a = 1, b = 0, c = 0, d = 0, e = 0, f = 0]: readonly number[]): Curve {
  const power = (v: number): number => Math.max(0, a * v + b) ** g;
  if (kind === 0) return (v) => v ** g;
  if (kind === 1) return (v) => (v >= -b / a ? power(v) : 0);
  if (kind === 2) return (v) => (v >= -b / a ? power(v) + c : c);
  if (kind === 3) return (v) => (v >= d ? power(v) : c * v);
  return (v) => (v >= d ? power(v) + e : c * v + f);
}
