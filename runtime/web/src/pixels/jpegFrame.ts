/** A JPEG's segments: frame, scans, EXIF and ICC profile, read before its decoder sees a byte. */
import { joined, startsWith, u16 } from './bytes.ts';
import { PhotoError } from './errors.ts';
import { MAX_PARTS, type Size } from './limits.ts';

export const SCAN = 0xda;
export const END = 0xd9;
export const RESTART_INTERVAL = 0xdd;
const PROGRESSIVE = 0xc2;

export interface JpegFrame {
  size: Size;
  /** The number of each component, by which scans name it, and its sampling factors. */
  components: readonly number[];
  samplings: readonly (readonly [horizontal: number, vertical: number])[];
  /** Whether the decoder keeps all coefficients, and how many bytes they take. */
  buffered: boolean;
  coefficientBytes: number;
  /** Where the first scan's marker ends. */
  scanAt: number;
  /** Units of decoding between two restarts in the first scan; 0 of none. */
  restartInterval: number;
  exif: Uint8Array;
  profile: Uint8Array | undefined;
}

/** Where the next marker's code stands, at or after `at`; -1 where there is none. */
export function nextMarker(data: Uint8Array, at: number): number {
  for (let place = data.indexOf(0xff, at); place >= 0; place = data.indexOf(0xff, place)) {
    while (data[place] === 0xff) place++;
    if (place >= data.length) return -1;
    if (data[place] !== 0) return place;
  }
  return -1;
}

const standalone = (marker: number): boolean => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/** Reads the segments up to the first scan. */
export function readFrame(data: Uint8Array): JpegFrame {
  let [kind, frame]: [number, Uint8Array] = [0, new Uint8Array()];
  const exif: Uint8Array[] = [];
  const profile: Uint8Array[] = [];
  let interval = 0;
  for (let at = 2, part = 0; part < MAX_PARTS; part++) {
    const found = nextMarker(data, at);
    const marker = data[found];
    if (marker === undefined || marker === END) break;
    at = found + 1;
    if (standalone(marker)) continue;
    const segment = data.subarray(at + 2, at + u16(data, at));
    if (marker === SCAN) {
      return {
        ...frameOf(kind, frame, segment),
        scanAt: at,
        restartInterval: interval,
        exif: joined(exif),
        profile: wholeProfile(profile),
      };
    }
    if (marker === RESTART_INTERVAL) interval = u16(segment, 0);
    if (isFrame(marker)) [kind, frame] = [marker, segment];
    if (marker === 0xe1 && startsWith(segment, 'Exif\0\0')) exif.push(segment.subarray(6));
    if (marker === 0xe2 && startsWith(segment, 'ICC_PROFILE\0')) profile.push(segment);
    at += 2 + segment.length;
  }
  throw new PhotoError('damaged', 'damaged JPEG file: no picture in it');
}

type Coding = Pick<JpegFrame, 'size' | 'components' | 'samplings' | 'buffered' | 'coefficientBytes'>;

function frameOf(kind: number, frame: Uint8Array, scan: Uint8Array): Coding {
  if (![0xc0, 0xc1, PROGRESSIVE].includes(kind)) {
    throw new PhotoError(
      'coding',
      'a JPEG of a kind that no camera writes (arithmetic, lossless or hierarchical)',
    );
  }
  const size: Size = [u16(frame, 3), u16(frame, 1)];
  const count = frame[5] ?? 0;
  const described = frame.subarray(6, 6 + 3 * count);
  const components = Array.from(described.filter((_, i) => i % 3 === 0));
  const factors = Array.from(described.filter((_, i) => i % 3 === 1));
  const samplings = factors.map((factor) => [factor >> 4, factor & 15] as const);
  if (!samplings.length || !scan.length || samplings.some(([h, v]) => !h || !v)) {
    throw new PhotoError('damaged', 'damaged JPEG file: damaged frame header');
  }
  const buffered = kind === PROGRESSIVE || scan[0]! < samplings.length;
  const coding = { size, components, samplings, buffered, coefficientBytes: 0 };
  if (!buffered) return coding;
  const blocks = units(coding, []) * samplings.reduce((sum, [h, v]) => sum + h * v, 0);
  return { ...coding, coefficientBytes: 128 * blocks };
}

/** How many units of decoding a scan of these components has (MCUs; T.81, A.2). */
export function units(
  frame: Pick<JpegFrame, 'size' | 'components' | 'samplings'>,
  components: ArrayLike<number>,
): number {
  const named = Array.from(components, (c) => frame.components.indexOf(c)).filter((i) => i >= 0);
  // Alone, a component comes in blocks, those of its own size; together, in groups of blocks.
  const own = named.length === 1 ? frame.samplings[named[0]!]! : ([1, 1] as const);
  const most = [0, 1].map((side) => Math.max(...frame.samplings.map((factors) => factors[side]!)));
  const [across, down] = frame.size.map((n, side) => Math.ceil((n * own[side]!) / (8 * most[side]!)));
  return across! * down!;
}

/** The ICC profile, whose pieces carry their number and how many there are. */
function wholeProfile(pieces: Uint8Array[]): Uint8Array | undefined {
  const sorted = [...pieces].sort((a, b) => (a[12] ?? 0) - (b[12] ?? 0));
  if (!sorted.length || sorted[0]![13] !== sorted.length) return undefined;
  return joined(sorted.map((piece) => piece.subarray(14)));
}
