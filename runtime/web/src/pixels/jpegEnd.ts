/** Whether all of a JPEG's picture is there. Twin of `jpeg_end.py`. */
import { joined, startsWith, u16, u32le } from './bytes.ts';
import { crc32 } from './crc32.ts';
import { END, type JpegFrame, nextMarker, RESTART_INTERVAL, SCAN, units } from './jpegFrame.ts';
import { MAX_PARTS, MAX_SCANS } from './limits.ts';
import type { Samples } from './samples.ts';

const BAND_ROWS = 256;
const LONGEST_INDEX = 12_000; // bytes: a phone's has a few entries of 12
/** Enough for all blocks of a unit of decoding, some of which lie beyond the picture's edge. */
const FILLER_BYTES = 3000;
/** Eight patterns of three bits, each repeated; 255 is stuffed with a zero. */
const FILLERS = Array.from({ length: 8 }, (_, bits) => {
  const three = bits * 0o11111111;
  const pattern = [three >> 16, (three >> 8) & 255, three & 255].flatMap((byte) =>
    byte === 255 ? [255, 0] : [byte],
  );
  return Uint8Array.from({ length: (FILLER_BYTES / 3) * pattern.length }, (_, i) => pattern[i % pattern.length]!);
});

const isRestart = (marker: number): boolean => marker >= 0xd0 && marker <= 0xd7;
const betweenScans = (marker: number): boolean =>
  [0xc4, SCAN, 0xdb, 0xdc, RESTART_INTERVAL, 0xfe].includes(marker) ||
  (marker >= 0xe0 && marker <= 0xef);

/** What follows a JPEG's header. */
export interface Scans {
  /** How many there are; counting ends where there are too many. */
  count: number;
  /** Whether they hold every coefficient to its last bit, and the last one all its restarts. */
  complete: boolean;
  /** Where the picture's data end, and whether an end marker stands there. */
  end: number;
  marked: boolean;
}

export function readScans(data: Uint8Array, frame: JpegFrame): Scans {
  const picture = data.subarray(0, Math.max(trailer(data), frame.scanAt));
  const missing = new Map(frame.components.map((c) => [c, new Set(Array(64).keys())]));
  let [count, due, restarts] = [0, 0, 0];
  let place = frame.scanAt - 1;
  let every = frame.restartInterval;
  for (let part = 0; part < MAX_PARTS; part++) {
    const marker = data[place]!;
    if (!betweenScans(marker)) break;
    const after = place + 1 + u16(data, place + 1);
    const segment = data.subarray(place + 3, after);
    [place, restarts] = nextOf(picture, after);
    if (marker === RESTART_INTERVAL) every = u16(segment, 0);
    if (marker === SCAN) {
      count++;
      const named = segment.subarray(1, -3).filter((_, i) => i % 2 === 0);
      announce(missing, segment, named);
      due = every ? Math.floor((units(frame, named) - 1) / every) : 0;
    }
    if (count > MAX_SCANS || place === picture.length) break;
  }
  const marked = place < picture.length && data[place] === END;
  const all = [...missing.values()].every((left) => left.size === 0);
  return { count, complete: all && restarts >= due, end: place, marked };
}

/** Where the next marker but a restart stands, else the end; how many restarts are before it. */
function nextOf(picture: Uint8Array, at: number): [place: number, restarts: number] {
  for (let restarts = 0; ; restarts++) {
    const found = nextMarker(picture, at);
    if (found < 0) return [picture.length, restarts];
    if (!isRestart(picture[found]!)) return [found, restarts];
    at = found + 1;
  }
}

/** Takes away the coefficients whose last bit is in a scan, by its header. */
function announce(missing: Map<number, Set<number>>, scan: Uint8Array, named: Uint8Array): void {
  if (scan.length !== 4 + 2 * (scan[0] ?? 0) || scan.at(-1)! & 15) return;
  for (const component of named) {
    for (let i = scan.at(-3)!; i <= scan.at(-2)!; i++) missing.get(component)?.delete(i);
  }
}

/** Where the data begin that Samsung's phones append, by their index; the end without them. */
function trailer(data: Uint8Array): number {
  const length = u32le(data, data.length - 8);
  const index = data.length - 8 - length;
  const known = index >= 0 && length <= LONGEST_INDEX && startsWith(data, 'SEFH', index);
  if (!known || !startsWith(data, 'SEFT', data.length - 4)) return data.length;
  let farthest = 0;
  for (let at = index + 12; at < data.length - 8; at += 12) {
    farthest = Math.max(farthest, u32le(data, at + 4));
  }
  return Math.max(index - farthest, 0);
}

/** A JPEG with an end marker after its picture, and a filler between them. */
export function withEnd(data: Uint8Array, scans: Scans, filler = new Uint8Array()): Uint8Array {
  let end = scans.end;
  while (data[end - 1] === 0xff) end--;
  return joined([data.subarray(0, end), filler, Uint8Array.of(0xff, END)]);
}

/** Whether a sample is what a decoder fills missing rows up with; 255 - 128 in CMYK. */
export const isFilling = (sample: number): boolean => sample === 127 || sample === 128;

/** Whether all rows are there: all pixels come out the same whatever bits follow the data. */
export async function isWhole(
  data: Uint8Array,
  scans: Scans,
  decoded: (data: Uint8Array) => Promise<Samples>,
): Promise<boolean> {
  if (!scans.complete) return false;
  const found = new Set<string>();
  for (const filler of FILLERS) {
    const samples = await decoded(withEnd(data, scans, filler));
    const sums: number[] = [];
    for (let top = 0; top < samples.size[1]; top += BAND_ROWS) {
      const rows = samples.rows(Math.min(BAND_ROWS, samples.size[1] - top));
      sums.push(crc32(rows, 0, rows.length));
    }
    found.add(sums.join());
    if (found.size > 1) return false;
  }
  return true;
}
