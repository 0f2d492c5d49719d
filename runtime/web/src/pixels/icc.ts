/**
 * ICC profiles to sRGB: RGB profiles of a matrix and three curves (Display P3, Adobe RGB, what
 * phones write) and grey ones. iccTables.ts has those of tables (CMYK, printers).
 */
import { latin1, startsWith, u32 } from './bytes.ts';
import { SRGB_COLORANTS } from './colorants.ts';
import { type Curve, encode, fixed, readCurve } from './iccCurves.ts';
import { type Convert, fromTable } from './iccTables.ts';
import { type Matrix, apply, inverse, product } from './matrix.ts';

/** Null where the profile is sRGB. */
export type ToSrgb = Convert | null;

const STEPS = 65535;
const SAME_AS_SRGB = 1; // grey levels by which no colour of the probe may move
let encoding: Uint8Array | undefined;

/** sRGB's curve in 65536 steps to 8 bits. */
function encodeTable(): Uint8Array {
  encoding ??= Uint8Array.from({ length: STEPS + 1 }, (_, step) => Math.round(255 * encode(step / STEPS)));
  return encoding;
}

/** The transform of an RGB profile's colorants (columns) and curves to sRGB. */
export function fromMatrix(colorants: Matrix, curves: readonly [Curve, Curve, Curve]): ToSrgb {
  const linear = curves.map((curve) => Float64Array.from({ length: 256 }, (_, i) => curve(i / 255)));
  const toLinear = product(inverse(SRGB_COLORANTS), colorants);
  const table = encodeTable();
  const encoded = (v: number): number => table[Math.round(Math.min(1, Math.max(0, v)) * STEPS)]!;
  return unlessSrgb((samples, rgb) => {
    for (let at = 0; at < rgb.length; at += 3) {
      const light = [0, 1, 2].map((c) => linear[c]![samples[at + c]!]!);
      const [r, g, b] = apply(toLinear, light as [number, number, number]);
      rgb[at] = encoded(r);
      rgb[at + 1] = encoded(g);
      rgb[at + 2] = encoded(b);
    }
  });
}

/** A transform of RGB samples, or null where it moves nothing. */
function unlessSrgb(convert: Convert): ToSrgb {
  const steps = Array.from({ length: 17 }, (_, i) => Math.round((i * 255) / 16));
  const probe = Uint8Array.from(steps.flatMap((r) => steps.flatMap((g) => steps.flatMap((b) => [r, g, b]))));
  const moved = probe.slice();
  convert(moved, moved);
  return moved.every((value, i) => Math.abs(value - probe[i]!) <= SAME_AS_SRGB) ? null : convert;
}

/**
 * Reads a profile for samples of `channels` (1 grey, 3 RGB, 4 CMYK).
 *
 * Throws an Error, for a note, where the profile is for other colours or damaged.
 */
export function readProfile(profile: Uint8Array, channels: 1 | 3 | 4): ToSrgb {
  if (profile.length < 132 || !startsWith(profile, 'acsp', 36)) throw new Error('it cannot be read');
  const space = latin1(profile, 16, 20).trim();
  const fits = { 1: ['GRAY', 'RGB'], 3: ['RGB'], 4: ['CMYK'] }[channels];
  if (!fits.includes(space)) {
    throw new Error(`it is for ${space.replace(/[^\w]/g, '')}, the photo is ${fits[0]}`);
  }
  const tag = tagReader(profile);
  if (space === 'CMYK') return fromTable(profile, need(tag, 'A2B0'), 4);
  if (space === 'RGB' && tag('A2B0')) return unlessSrgb(fromTable(profile, need(tag, 'A2B0'), 3));
  if (space === 'GRAY') {
    const grey = readCurve(need(tag, 'kTRC')).curve;
    return fromMatrix(SRGB_COLORANTS, [grey, grey, grey]);
  }
  const xyz = ['rXYZ', 'gXYZ', 'bXYZ'].map((name) => {
    const content = need(tag, name);
    return [fixed(content, 8), fixed(content, 12), fixed(content, 16)];
  });
  const colorants = [0, 1, 2].map((row) => xyz.map((column) => column[row]!)) as unknown as Matrix;
  const curves = ['rTRC', 'gTRC', 'bTRC'].map((name) => readCurve(need(tag, name)).curve);
  return fromMatrix(colorants, curves as [Curve, Curve, Curve]);
}

type Tag = (name: string) => Uint8Array | undefined;

function tagReader(profile: Uint8Array): Tag {
  const tags = new Map<string, Uint8Array>();
  for (let i = 0, count = Math.min(u32(profile, 128), 200); i < count; i++) {
    const at = 132 + 12 * i;
    const [start, length] = [u32(profile, at + 4), u32(profile, at + 8)];
    if (start + length <= profile.length) {
      tags.set(latin1(profile, at, at + 4), profile.subarray(start, start + length));
    }
  }
  return (name) => tags.get(name);
}

function need(tag: Tag, name: string): Uint8Array {
  const content = tag(name);
  if (!content || content.length < 12) throw new Error(`it has no ${name}`);
  return content;
}
