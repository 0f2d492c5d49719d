/** WebP: the browser decodes it, after its colours and orientation, which are ours, were cut out. */
import { joined, latin1, startsWith, u32le } from './bytes.ts';
import { decodeByBrowser } from './browser.ts';
import { PhotoError } from './errors.ts';
import { MAX_MEMORY, MAX_PARTS, type Size } from './limits.ts';
import type { Colours, OpenPhoto } from './samples.ts';

interface Chunk {
  name: string;
  whole: Uint8Array;
  content: Uint8Array;
}

export function openWebp(data: Uint8Array): OpenPhoto {
  const chunks = readChunks(data);
  const only = (name: string): Uint8Array | undefined => chunks.find((c) => c.name === name)?.content;
  const frames = chunks.filter((c) => c.name === 'ANMF').length;
  const profile = only('ICCP');
  const colours: Colours = profile ? { profile } : {};
  const declared = sizeOf(chunks);
  return {
    container: 'WebP',
    declared,
    exif: only('EXIF') ?? new Uint8Array(),
    turns: false,
    colours,
    notes: frames > 1 ? [`first of ${frames} frames`] : [],
    memory: () => data.length + 16 * declared[0] * declared[1],
    allowed: MAX_MEMORY,
    decode: () => decodeByBrowser(withoutMetadata(chunks), 'image/webp', declared),
  };
}

function readChunks(data: Uint8Array): Chunk[] {
  const chunks: Chunk[] = [];
  const end = Math.min(data.length, 8 + u32le(data, 4));
  for (let at = 12; at + 8 <= end && chunks.length < MAX_PARTS; ) {
    const length = u32le(data, at + 4);
    const next = at + 8 + length + (length & 1);
    if (at + 8 + length > data.length) {
      throw new PhotoError('damaged', 'damaged WebP file: it ends too early');
    }
    chunks.push({
      name: latin1(data, at, at + 4),
      whole: data.subarray(at, next),
      content: data.subarray(at + 8, at + 8 + length),
    });
    at = next;
  }
  return chunks;
}

const u24le = (data: Uint8Array, at: number): number => u32le(data, at) % 16777216;

function sizeOf(chunks: readonly Chunk[]): Size {
  const [first] = chunks;
  const data = first?.content ?? new Uint8Array();
  if (first?.name === 'VP8X') return [u24le(data, 4) + 1, u24le(data, 7) + 1];
  if (first?.name === 'VP8L' && data[0] === 0x2f) {
    const bits = u32le(data, 1);
    return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
  }
  if (first?.name === 'VP8 ' && startsWith(data, '\x9d\x01\x2a', 3)) {
    return [u32le(data, 6) & 0x3fff, (u32le(data, 6) >>> 16) & 0x3fff];
  }
  throw new PhotoError('damaged', 'damaged WebP file: no picture in it');
}

function withoutMetadata(chunks: readonly Chunk[]): Uint8Array<ArrayBuffer> {
  const kept = chunks.filter((c) => !['EXIF', 'ICCP', 'XMP '].includes(c.name));
  const parts = kept.map((c) => {
    if (c.name !== 'VP8X') return c.whole;
    const whole = c.whole.slice();
    whole[8]! &= ~(0x20 | 0x08 | 0x04); // the flags of what was cut out
    return whole;
  });
  const body = joined(parts);
  const head = new Uint8Array(12);
  head.set([0x52, 0x49, 0x46, 0x46], 0);
  new DataView(head.buffer).setUint32(4, body.length + 4, true);
  head.set([0x57, 0x45, 0x42, 0x50], 8);
  return joined([head, body]);
}
