/** JPEG by libjpeg-turbo in WebAssembly: the same bytes as on the workstation, in every browser. */
import { PhotoError } from './errors.ts';
import { isFilling, isWhole, readScans, type Scans, withEnd } from './jpegEnd.ts';
import { readFrame } from './jpegFrame.ts';
import { MAX_MEMORY, MAX_MEMORY_BUFFERED, MAX_SCANS } from './limits.ts';
import type { OpenPhoto, Samples } from './samples.ts';

interface Decoder {
  memory: WebAssembly.Memory;
  buffer(length: number): number;
  open(s: number): 1 | 3 | 4;
  width(): number;
  height(): number;
  rows(count: number): number;
}

const OUT_OF_MEMORY = 55; // libjpeg's message number

let compiled: Promise<WebAssembly.Module> | undefined;

/** Hands over the decoder's WebAssembly, once. */
export function useJpegDecoder(wasm: Uint8Array<ArrayBuffer>): void {
  compiled = WebAssembly.compile(wasm);
}

export function openJpeg(data: Uint8Array): OpenPhoto {
  const frame = readFrame(data);
  const scans = readScans(data, frame);
  if (frame.buffered && scans.count > MAX_SCANS) {
    throw new PhotoError('scans', `a JPEG of more than ${MAX_SCANS} scans`);
  }
  const bytes = frame.components.length === 1 ? 1 : 4;
  return {
    container: 'JPEG',
    declared: frame.size,
    exif: frame.exif,
    turns: false,
    colours: frame.profile ? { profile: frame.profile } : {},
    notes: scans.marked ? [] : ['the file lacks its end, but all rows of the photo are there'],
    memory: (s) => {
      const scale = scans.marked ? s : 1; // without the end it is decoded at full size, too
      const [width, height] = frame.size.map((side) => Math.ceil(side / scale));
      return data.length + frame.coefficientBytes + bytes * width! * height!;
    },
    allowed: frame.buffered ? MAX_MEMORY_BUFFERED : MAX_MEMORY,
    decode: (s) => (scans.marked ? decodeMarked(data, scans, s, frame.buffered) : decodeWhole(data, scans, s)),
  };
}

/** Decodes a file with an end marker, which may stand behind half a picture. */
async function decodeMarked(data: Uint8Array, scans: Scans, s: number, buffered: boolean): Promise<Samples> {
  if (buffered && !scans.complete) throw half();
  const samples = await decode(data, s);
  if (buffered) return samples;
  return {
    ...samples,
    check: async (last) => {
      if (!last.every(isFilling)) return;
      if (!(await isWhole(data, scans, (filled) => decode(filled, 8)))) throw half();
    },
  };
}

const half = (): PhotoError => new PhotoError('damaged', 'damaged JPEG file: it ends before its photo does');

async function decodeWhole(data: Uint8Array, scans: Scans, s: number): Promise<Samples> {
  if (!(await isWhole(data, scans, (filled) => decode(filled, 1)))) {
    throw half();
  }
  return decode(withEnd(data, scans), s);
}

async function decode(data: Uint8Array, s: number): Promise<Samples> {
  if (!compiled) throw new Error('the JPEG decoder is not loaded');
  const fail = (code: number): never => {
    if (code === OUT_OF_MEMORY) throw new PhotoError('exhausted', 'too little memory for this photo');
    throw new PhotoError('damaged', `damaged JPEG file (${code})`);
  };
  // An instance of its own for each photo: memory is given back, and no photo meets another one.
  const instance = await WebAssembly.instantiate(await compiled, { host: { fail } });
  const decoder = instance.exports as unknown as Decoder;
  const at = decoder.buffer(data.length);
  if (at === 0) fail(OUT_OF_MEMORY);
  new Uint8Array(decoder.memory.buffer).set(data, at);
  const channels = decoder.open(s);
  const width = decoder.width();
  return {
    size: [width, decoder.height()],
    channels,
    scaled: true,
    rows(count) {
      const place = decoder.rows(count);
      const rows = new Uint8Array(decoder.memory.buffer, place, count * width * channels);
      return channels === 4 ? rows.map((sample) => 255 - sample) : rows; // Adobe stores 255 - ink
    },
  };
}
