/** PNG, bit for bit as the contract says; browsers blend alpha and convert colours their own way. */
import { unzlibSync } from 'fflate';
import { joined, latin1, u16, u32 } from './bytes.ts';
import { PhotoError } from './errors.ts';
import { MAX_MEMORY, MAX_PARTS } from './limits.ts';
import { crc32 } from './crc32.ts';
import { type PngLayout, unfilter } from './pngRows.ts';
import type { Colours, OpenPhoto, Samples } from './samples.ts';

/** What the chunks say. */
interface PngHeader extends PngLayout {
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha. */
  kind: number;
  palette: Uint8Array;
  transparency: Uint8Array | undefined;
}

const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

export function openPng(data: Uint8Array): OpenPhoto {
  const chunks = readChunks(data);
  const only = (name: string): Uint8Array | undefined => chunks.find((c) => c.name === name)?.content;
  const ihdr = only('IHDR') ?? new Uint8Array();
  const header: PngHeader = {
    size: [u32(ihdr, 0), u32(ihdr, 4)],
    depth: ihdr[8] ?? 0,
    kind: ihdr[9] ?? 0,
    interlaced: ihdr[12] === 1,
    palette: only('PLTE') ?? new Uint8Array(),
    transparency: only('tRNS'),
  };
  if (ihdr.length < 13 || !(header.kind in CHANNELS) || ![1, 2, 4, 8, 16].includes(header.depth)) {
    throw new PhotoError('damaged', 'damaged PNG file: no picture in it');
  }
  const pixelBytes = header.depth === 16 ? 8 : 4;
  const notes = [];
  const frames = frameCount(chunks);
  if (frames > 1) notes.push(`first of ${frames} frames`);
  if (header.kind === 2 && header.depth === 16 && header.transparency) {
    notes.push('transparent 16-bit colour ignored');
    header.transparency = undefined;
  }
  return {
    container: 'PNG',
    declared: header.size,
    exif: only('eXIf') ?? new Uint8Array(),
    turns: false,
    colours: colours(only('cICP'), only('iCCP')),
    notes,
    memory: () => data.length + 2 * pixelBytes * header.size[0] * header.size[1],
    allowed: 2 * MAX_MEMORY,
    decode: async () => decode(header, chunks),
  };
}

interface Chunk {
  name: string;
  content: Uint8Array;
}

/** Pictures in the file; a default image outside the animation counts, too. */
function frameCount(chunks: readonly Chunk[]): number {
  const animation = chunks.find((c) => c.name === 'acTL');
  if (!animation) return 1;
  const first = chunks.find((c) => c.name === 'fcTL' || c.name === 'IDAT');
  return u32(animation.content, 0) + Number(first?.name === 'IDAT');
}

function readChunks(data: Uint8Array): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 8; at + 12 <= data.length; ) {
    const length = u32(data, at);
    const name = latin1(data, at + 4, at + 8);
    if (at + 12 + length > data.length) break;
    if (crc32(data, at + 4, at + 8 + length) !== u32(data, at + 8 + length)) {
      throw new PhotoError('damaged', `damaged PNG file: wrong checksum of ${name}`);
    }
    chunks.push({ name, content: data.subarray(at + 8, at + 8 + length) });
    if (chunks.length > MAX_PARTS) throw new PhotoError('damaged', 'a PNG of too many chunks');
    if (name === 'IEND') return chunks;
    at += 12 + length;
  }
  throw new PhotoError('damaged', 'damaged PNG file: it ends too early');
}

/** Code points come before a profile, but where both are there the profile may be better known. */
function colours(cicp: Uint8Array | undefined, iccp: Uint8Array | undefined): Colours {
  const found: Colours = {};
  if (cicp && cicp.length >= 2) found.points = { primaries: cicp[0]!, transfer: cicp[1]! };
  if (iccp) {
    const start = iccp.indexOf(0) + 2;
    try {
      found.profile = unzlibSync(iccp.subarray(start));
    } catch {
      // damaged: as if there were none
    }
  }
  return found;
}

function decode(header: PngHeader, chunks: readonly Chunk[]): Samples {
  const [width, height] = header.size;
  const packed = joined(chunks.filter((c) => c.name === 'IDAT').map((c) => c.content));
  let plain: Uint8Array;
  try {
    plain = unfilter(header, CHANNELS[header.kind]!, (length) => inflate(packed, length));
  } catch (error) {
    if (error instanceof RangeError) throw error; // too little memory
    throw new PhotoError('damaged', `damaged PNG file: ${(error as Error).message}`);
  }
  const stride = Math.ceil((width * header.depth * CHANNELS[header.kind]!) / 8);
  const channels = outputChannels(header);
  let y = 0;
  return {
    size: [width, height],
    channels,
    scaled: false,
    rows(count) {
      const rows = new Uint8Array(count * width * channels);
      for (let row = 0; row < count; row++, y++) {
        const line = plain.subarray(y * stride, (y + 1) * stride);
        rows.set(toEightBits(header, line, width, channels), row * width * channels);
      }
      return rows;
    },
  };
}

function inflate(packed: Uint8Array, length: number): Uint8Array {
  const plain = unzlibSync(packed, { out: new Uint8Array(length) });
  if (plain.length < length) throw new Error('it ends too early');
  return plain;
}

/** Grey stays grey, so that its profile fits; but 16-bit grey with alpha counts as RGB. */
function outputChannels({ kind, depth }: PngHeader): 1 | 3 {
  return kind === 0 || (kind === 4 && depth === 8) ? 1 : 3;
}

/** One row as 8 bits a channel, alpha laid over white. */
function toEightBits(header: PngHeader, line: Uint8Array, width: number, channels: 1 | 3): Uint8Array {
  const { kind, depth, palette, transparency } = header;
  if (depth === 8 && (kind === 0 || kind === 2) && !transparency) return line;
  const stored = CHANNELS[kind]!;
  const row = new Uint8Array(width * channels);
  const key = kind === 3 || !transparency ? null : [0, 2, 4].map((at) => u16(transparency, at));
  for (let x = 0; x < width; x++) {
    const sample = (c: number): number => sampleAt(line, x * stored + c, depth);
    const eight = (value: number): number =>
      depth === 16 ? value >> 8 : depth === 8 ? value : value * (255 / (2 ** depth - 1));
    let alpha = 255;
    if (kind === 3) alpha = transparency?.[sample(0)] ?? 255;
    else if (kind >= 4) alpha = eight(sample(stored - 1));
    else if (key && Array.from({ length: stored }, (_, c) => sample(c) === key[c]).every(Boolean)) alpha = 0;
    for (let c = 0; c < channels; c++) {
      const colour =
        kind === 3 ? (palette[3 * sample(0) + c] ?? 0) : eight(sample(stored > 2 ? c : 0));
      row[x * channels + c] = alpha === 255 ? colour : overWhite(colour, alpha);
    }
  }
  return row;
}

function sampleAt(line: Uint8Array, index: number, depth: number): number {
  if (depth === 8) return line[index]!;
  if (depth === 16) return u16(line, 2 * index);
  const bit = index * depth;
  return (line[bit >> 3]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
}

const overWhite = (colour: number, alpha: number): number =>
  Math.floor((2 * (colour * alpha + 255 * (255 - alpha)) + 255) / 510);
