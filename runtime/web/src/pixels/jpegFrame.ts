/** A JPEG's segments: frame, scans, EXIF and ICC profile, read before its decoder sees a byte. */
import { joined, startsWith, u16 } from './bytes.ts';
import { PhotoError } from './errors.ts';
import { MAX_PARTS, MAX_SCANS, type Size } from './limits.ts';

const SCAN = 0xda;
const END = 0xd9;
const PROGRESSIVE = 0xc2;

export interface JpegFrame {
  size: Size;
  components: number;
  /** Whether the decoder keeps all coefficients, and how many bytes they take. */
  buffered: boolean;
  coefficientBytes: number;
  exif: Uint8Array;
  profile: Uint8Array | undefined;
}

/** Where the next marker's code stands, at or after `at`; -1 where there is none. */
function nextMarker(data: Uint8Array, at: number): number {
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

/** Reads the segments up to the first scan, and counts the scans of a JPEG in several. */
export function readFrame(data: Uint8Array): JpegFrame {
  let [kind, frame]: [number, Uint8Array] = [0, new Uint8Array()];
  const exif: Uint8Array[] = [];
  const profile: Uint8Array[] = [];
  for (let at = 2, part = 0; part < MAX_PARTS; part++) {
    const found = nextMarker(data, at);
    const marker = data[found];
    if (marker === undefined || marker === END) break;
    at = found + 1;
    if (standalone(marker)) continue;
    const segment = data.subarray(at + 2, at + u16(data, at));
    if (marker === SCAN) return frameOf(kind, frame, segment, exif, profile, data, at);
    if (isFrame(marker)) [kind, frame] = [marker, segment];
    if (marker === 0xe1 && startsWith(segment, 'Exif\0\0')) exif.push(segment.subarray(6));
    if (marker === 0xe2 && startsWith(segment, 'ICC_PROFILE\0')) profile.push(segment);
    at += 2 + segment.length;
  }
  throw new PhotoError('damaged', 'damaged JPEG file: no picture in it');
}

function frameOf(
  kind: number,
  frame: Uint8Array,
  scan: Uint8Array,
  exif: Uint8Array[],
  profile: Uint8Array[],
  data: Uint8Array,
  scanAt: number,
): JpegFrame {
  if (![0xc0, 0xc1, PROGRESSIVE].includes(kind)) {
    throw new PhotoError(
      'coding',
      'a JPEG of a kind that no camera writes (arithmetic, lossless or hierarchical)',
    );
  }
  const size: Size = [u16(frame, 3), u16(frame, 1)];
  const count = frame[5] ?? 0;
  const factors = Array.from(frame.subarray(7, 6 + 3 * count).filter((_, i) => i % 3 === 0));
  const samplings = factors.map((factor) => [factor >> 4, factor & 15] as const);
  if (!samplings.length || !scan.length || samplings.some(([h, v]) => !h || !v)) {
    throw new PhotoError('damaged', 'damaged JPEG file: damaged frame header');
  }
  const buffered = kind === PROGRESSIVE || scan[0]! < samplings.length;
  if (buffered && moreScans(data, scanAt)) {
    throw new PhotoError('scans', `a JPEG of more than ${MAX_SCANS} scans`);
  }
  return {
    size,
    components: count,
    buffered,
    coefficientBytes: buffered ? coefficientBytes(size, samplings) : 0,
    exif: joined(exif),
    profile: wholeProfile(profile),
  };
}

function coefficientBytes([width, height]: Size, samplings: (readonly [number, number])[]): number {
  const across = Math.ceil(width / (8 * Math.max(...samplings.map(([h]) => h))));
  const down = Math.ceil(height / (8 * Math.max(...samplings.map(([, v]) => v))));
  return 128 * across * down * samplings.reduce((sum, [h, v]) => sum + h * v, 0);
}

function moreScans(data: Uint8Array, firstScan: number): boolean {
  let scans = 1;
  let at = firstScan + u16(data, firstScan);
  while (scans <= MAX_SCANS) {
    const found = nextMarker(data, at);
    const marker = data[found];
    if (marker === undefined || marker === END) break;
    at = found + 1;
    if (marker >= 0xd0 && marker <= 0xd7) continue; // a restart, inside the data
    if (marker === SCAN) scans++;
    at += u16(data, at);
  }
  return scans > MAX_SCANS;
}

/** The ICC profile, whose pieces carry their number and how many there are. */
function wholeProfile(pieces: Uint8Array[]): Uint8Array | undefined {
  const sorted = [...pieces].sort((a, b) => (a[12] ?? 0) - (b[12] ?? 0));
  if (!sorted.length || sorted[0]![13] !== sorted.length) return undefined;
  return joined(sorted.map((piece) => piece.subarray(14)));
}
