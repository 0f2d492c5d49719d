/**
 * ICC profiles of tables (CMYK, printers, scanners) to sRGB: `mft1`, `mft2` and `mAB `.
 *
 * As Little CMS does it on the workstation: the profile is evaluated once on a lattice, between whose
 * nodes samples are then interpolated; and its black becomes sRGB's.
 */
import { latin1, startsWith, u16, u32 } from './bytes.ts';
import { SRGB_COLORANTS } from './colorants.ts';
import { type Curve, encode, fixed, readCurve } from './iccCurves.ts';
import { type Vector, apply, inverse } from './matrix.ts';

/** Converts 8-bit samples to `rgb`, in which RGB samples may already lie. */
export type Convert = (samples: Uint8Array, rgb: Uint8Array) => void;
type Stage = (values: readonly number[]) => readonly number[];

/** A table over a lattice of `nodes` along each axis, the last one fastest; three values a node. */
interface Lattice {
  values: ArrayLike<number>;
  nodes: readonly number[];
}

const NODES = { 3: 33, 4: 17 } as const; // a lattice in memory has as many along each axis
const WHITE: Vector = [0.9642, 1.0, 0.8249]; // D50
const V4_BLACK: Vector = [0.00336, 0.0034731, 0.00287]; // of perceptual tables, by specification
const LIGHT = 0.18418652; // L* 50
const XYZ_SCALE = 65535 / 32768;

/** The transform of a profile's table, the tag A2B0, for samples of `channels`. */
export function fromTable(profile: Uint8Array, tag: Uint8Array, channels: 3 | 4): Convert {
  if (tag[8] !== channels || tag[9] !== 3) throw new Error('its table is for other channels');
  const toXyz = join(...readStages(tag, channels), fromConnectionSpace(profile, tag));
  const black = profile[8]! >= 4 ? V4_BLACK : darkest(toXyz, channels);
  const toLinear = inverse(SRGB_COLORANTS);
  const values: number[] = [];
  const nodes = Array.from({ length: channels }, () => NODES[channels]);
  for (const place of places(nodes)) {
    const xyz = toXyz(place).map((v, i) => (WHITE[i]! * (v - black[i]!)) / (WHITE[i]! - black[i]!));
    values.push(...apply(toLinear, xyz as unknown as Vector).map(encode));
  }
  const lattice = { values: Float32Array.from(values), nodes };
  return (samples, rgb) => {
    for (let from = 0, to = 0; from < samples.length; from += channels, to += 3) {
      const place = Array.from(samples.subarray(from, from + channels), (v) => v / 255);
      interpolate(lattice, place).forEach((v, i) => {
        rgb[to + i] = Math.round(255 * v);
      });
    }
  };
}

const join = (...stages: readonly Stage[]): Stage => (values) =>
  stages.reduce<readonly number[]>((found, stage) => stage(found), values);

/** All nodes of a lattice as values of 0 to 1, the last axis fastest. */
function* places(nodes: readonly number[]): Generator<number[]> {
  const [count, ...rest] = nodes;
  if (count === undefined) {
    yield [];
    return;
  }
  for (let i = 0; i < count; i++) for (const place of places(rest)) yield [i / (count - 1), ...place];
}

/** Black of an older profile: its darkest colour, unless that is not dark at all. */
function darkest(toXyz: Stage, channels: 3 | 4): Vector {
  const black = toXyz(Array.from({ length: channels }, () => (channels === 4 ? 1 : 0)));
  return (black[1]! > LIGHT ? WHITE.map((v) => v * LIGHT) : black) as unknown as Vector;
}

/** Encoded Lab or XYZ to XYZ for a D50 white. */
function fromConnectionSpace(profile: Uint8Array, tag: Uint8Array): Stage {
  const space = latin1(profile, 20, 24);
  if (space === 'XYZ ') return (v) => v.map((one) => one * XYZ_SCALE);
  if (space !== 'Lab ') throw new Error('its tables end in unknown colours');
  const scale = startsWith(tag, 'mft2') ? 65535 / 65280 : 1;
  const light = (t: number): number => (t > 6 / 29 ? t ** 3 : 3 * (6 / 29) ** 2 * (t - 4 / 29));
  return ([l, a, b]) => {
    const y = (100 * l! * scale + 16) / 116;
    const offset = (v: number): number => 255 * v * scale - 128;
    return [y + offset(a!) / 500, y, y - offset(b!) / 200].map((t, i) => light(t) * WHITE[i]!);
  };
}

function readStages(tag: Uint8Array, channels: number): Stage[] {
  if (startsWith(tag, 'mft1') || startsWith(tag, 'mft2')) return oldStages(tag, channels);
  if (startsWith(tag, 'mAB ')) return newStages(tag, channels);
  throw new Error('its tables cannot be read');
}

/** Curves, a lattice, curves. */
function oldStages(tag: Uint8Array, channels: number): Stage[] {
  const wide = startsWith(tag, 'mft2');
  const [before, after] = wide ? [u16(tag, 48), u16(tag, 50)] : [256, 256];
  const grid = tag[10]!;
  const samples = numbers(tag, wide ? 52 : 48, wide);
  const curves = (count: number, length: number): Stage =>
    each(Array.from({ length: count }, () => sampled(samples(length))));
  return [
    curves(channels, before),
    lattice(Array.from({ length: channels }, () => grid), samples),
    curves(3, after),
  ];
}

/** Curves, a lattice, curves, a matrix, curves; all but the last may be absent. */
function newStages(tag: Uint8Array, channels: number): Stage[] {
  const [last, matrix, middle, table, first] = [12, 16, 20, 24, 28].map((at) => u32(tag, at));
  const stages: Stage[] = [];
  if (table) {
    if (first) stages.push(each(curvesAt(tag, first, channels)));
    const nodes = Array.from(tag.subarray(table, table + channels));
    stages.push(lattice(nodes, numbers(tag, table + 20, tag[table + 16] === 2)));
  } else if (channels !== 3) throw new Error('it has no table');
  if (middle) stages.push(each(curvesAt(tag, middle, 3)));
  if (matrix) {
    const m = Array.from({ length: 12 }, (_, i) => fixed(tag, matrix + 4 * i));
    stages.push((v) => [0, 3, 6].map((r, i) => m[r]! * v[0]! + m[r + 1]! * v[1]! + m[r + 2]! * v[2]! + m[9 + i]!));
  }
  return [...stages, each(curvesAt(tag, last!, 3))];
}

/** Hands over runs of 8- or 16-bit samples, one after another, as 0 to 1. */
function numbers(tag: Uint8Array, start: number, wide: boolean): (count: number) => Float32Array {
  let at = start;
  return (count) => {
    const end = at + count * (wide ? 2 : 1);
    if (!(count > 0 && end <= tag.length)) throw new Error('its tables are cut short');
    const from = at;
    at = end;
    return Float32Array.from({ length: count }, (_, i) =>
      wide ? u16(tag, from + 2 * i) / 65535 : tag[from + i]! / 255,
    );
  };
}

function lattice(nodes: readonly number[], samples: (count: number) => Float32Array): Stage {
  if (nodes.some((count) => count < 2)) throw new Error('its table is too small');
  const table = { values: samples(3 * nodes.reduce((product, count) => product * count, 1)), nodes };
  return (place) => interpolate(table, place);
}

function curvesAt(tag: Uint8Array, start: number, count: number): Curve[] {
  let at = start;
  return Array.from({ length: count }, () => {
    const { curve, length } = readCurve(tag.subarray(at));
    at += Math.ceil(length / 4) * 4;
    return curve;
  });
}

const each = (curves: readonly Curve[]): Stage => (values) => values.map((v, i) => curves[i]!(clipped(v)));

const clipped = (v: number): number => Math.min(1, Math.max(0, v));

function sampled(table: Float32Array): Curve {
  return (v) => {
    const place = v * (table.length - 1);
    const below = Math.min(Math.floor(place), Math.max(0, table.length - 2));
    const low = table[below]!;
    return low + ((table[below + 1] ?? low) - low) * (place - below);
  };
}

/** Tetrahedral interpolation over the last three axes; linear over the one before, if there is one. */
function interpolate({ values, nodes }: Lattice, place: readonly number[]): number[] {
  const axes = place.map((v, axis) => {
    const scaled = clipped(v) * (nodes[axis]! - 1);
    const below = Math.min(Math.floor(scaled), nodes[axis]! - 2);
    return { below, part: scaled - below, step: 3 * nodes.slice(axis + 1).reduce((a, b) => a * b, 1) };
  });
  const start = axes.reduce((sum, { below, step }) => sum + below * step, 0);
  const order = axes.slice(-3).sort((a, b) => b.part - a.part);
  const tetrahedral = (corner: number): number[] =>
    [0, 1, 2].map((c) => {
      let at = corner + c;
      let found = values[at]!;
      for (const { part, step } of order) {
        found += part * (values[at + step]! - values[at]!);
        at += step;
      }
      return found;
    });
  const near = tetrahedral(start);
  if (axes.length === 3) return near;
  const [{ part, step }] = axes as [(typeof axes)[number]];
  const far = tetrahedral(start + step);
  return near.map((v, c) => v + part * (far[c]! - v));
}
