/**
 * AVIF and HEIC: decoded by the browser, where it can at all. The declared size is read here, to
 * refuse what is too large and to compute the reductions.
 *
 * Of AVIF the colours and the orientation are ours: browsers differ, so the file's own are taken out
 * before the browser sees it, and an animation shows its primary picture. HEIC, which only Safari
 * decodes, is left to that.
 */
import { decodeByBrowser } from './browser.ts';
import { latin1, startsWith, u16, u32 } from './bytes.ts';
import { PhotoError } from './errors.ts';
import { MAX_MEMORY, type Size } from './limits.ts';
import type { Colours, OpenPhoto } from './samples.ts';

type Extent = readonly [from: number, to: number];

export function openHeif(data: Uint8Array, container: 'AVIF' | 'HEIF'): OpenPhoto {
  const declared = largestSize(data);
  const own = container === 'AVIF' ? bare(data) : { data, colours: {}, orientation: 1 };
  return {
    container,
    declared,
    exif: exifOf(data),
    turns: container === 'HEIF',
    orientation: own.orientation,
    colours: own.colours,
    notes: ['decoded by the browser'],
    memory: () => data.length + 16 * declared[0] * declared[1],
    allowed: 2 * MAX_MEMORY,
    decode: () =>
      decodeByBrowser(own.data, container === 'AVIF' ? 'image/avif' : 'image/heic', declared),
  };
}

function* boxes(data: Uint8Array, [from, to]: Extent): Generator<[string, Extent]> {
  for (let at = from, count = 0; at + 8 <= to && count < 1000; count++) {
    let length = u32(data, at);
    let header = 8;
    if (length === 1) [length, header] = [u32(data, at + 8) * 2 ** 32 + u32(data, at + 12), 16];
    else if (length === 0) length = to - at;
    if (length < header || at + length > to) return;
    yield [latin1(data, at + 4, at + 8), [at + header, at + length]];
    at += length;
  }
}

function inside(data: Uint8Array, names: readonly string[], extent: Extent): Extent | undefined {
  let place: Extent | undefined = extent;
  for (const name of names) {
    const from: Extent = place;
    place = undefined;
    for (const [found, content] of boxes(data, from)) {
      if (found === name) {
        place = name === 'meta' ? [content[0] + 4, content[1]] : content;
        break;
      }
    }
    if (!place) return undefined;
  }
  return place;
}

/** The size of the largest picture in the file: the main one, not its tiles or its thumbnail. */
function largestSize(data: Uint8Array): Size {
  const properties = inside(data, ['meta', 'iprp', 'ipco'], [0, data.length]);
  let largest: Size = [0, 0];
  for (const [name, [at]] of properties ? boxes(data, properties) : []) {
    const size: Size = [u32(data, at + 4), u32(data, at + 8)];
    if (name === 'ispe' && size[0] * size[1] > largest[0] * largest[1]) largest = size;
  }
  if (!largest[0]) throw new PhotoError('damaged', 'damaged file: no picture in it');
  return largest;
}

/** By the quarters turned (against the clock), then mirrored or not, then top to bottom or sideways. */
const TURNS = [
  { plain: 1, mirrored: [4, 2] },
  { plain: 8, mirrored: [5, 7] },
  { plain: 3, mirrored: [2, 4] },
  { plain: 6, mirrored: [7, 5] },
] as const;

/** The file as a still one, its pictures declared upright and sRGB, and what it declared before. */
function bare(data: Uint8Array): { data: Uint8Array; colours: Colours; orientation: number } {
  const plain = data.slice();
  // Of an animation Chromium 156 decodes the track, and takes its full range for the limited one.
  if (startsWith(data, 'avis', 8)) plain.set([0x61, 0x76, 0x69, 0x66], 8); // `avif`
  const colours: Colours = {};
  let quarters: number | undefined;
  let axis: number | undefined;
  const properties = inside(data, ['meta', 'iprp', 'ipco'], [0, data.length]);
  for (const [name, [at, end]] of properties ? boxes(data, properties) : []) {
    if (name === 'irot') {
      quarters ??= data[at]! & 3;
      plain[at] = 0;
    } else if (name === 'imir') {
      axis ??= data[at]! & 1;
      plain.set([0x69, 0x72, 0x6f, 0x74], at - 4); // `irot`, by no quarter
      plain[at] = 0;
    }
    if (name !== 'colr') continue;
    if (startsWith(data, 'nclx', at)) {
      colours.points ??= { primaries: u16(data, at + 4), transfer: u16(data, at + 6) };
      plain.set([0, 1, 0, 13], at + 4); // matrix and range stay: they are the decoder's
    } else {
      colours.profile ??= data.subarray(at + 4, end);
      plain.set([0x6e, 0x6f, 0x6e, 0x65], at); // `none`: colours of no kind that a decoder knows
    }
  }
  if (colours.profile) delete colours.points; // in these files a profile comes first
  const turn = TURNS[quarters ?? 0]!;
  return { data: plain, colours, orientation: axis === undefined ? turn.plain : turn.mirrored[axis]! };
}

/** The EXIF block, found by its header; for the camera only, since the browser turns the picture. */
function exifOf(data: Uint8Array): Uint8Array {
  for (let at = data.indexOf(0x45); at >= 0 && at < 1 << 20; at = data.indexOf(0x45, at + 1)) {
    if (latin1(data, at, at + 6) === 'Exif\0\0') return data.subarray(at + 6, at + 6 + 65536);
  }
  return new Uint8Array();
}
