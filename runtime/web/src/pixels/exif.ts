/** EXIF: the orientation, and what tells the camera. Damaged EXIF tells nothing. */
import { latin1, startsWith } from './bytes.ts';

const ORIENTATION = 0x0112;
const MAKE = 0x010f;
const MODEL = 0x0110;
const SOFTWARE = 0x0131;
const LONGEST = 100; // characters; no maker writes a longer make or model

/** What EXIF says of who made a photo. */
export interface CameraTags {
  make: string | null;
  model: string | null;
  software: string | null;
}

interface Entry {
  kind: number;
  count: number;
  at: number;
  end: number;
}

/** The entries of the first directory, and how its numbers are read. */
class Directory {
  private readonly view: DataView;
  private readonly little: boolean;
  private readonly entries = new Map<number, Entry>();

  constructor(private readonly block: Uint8Array) {
    this.view = new DataView(block.buffer, block.byteOffset, block.length);
    this.little = startsWith(block, 'II*\0');
    if (block.length < 8 || !(this.little || startsWith(block, 'MM\0*'))) return;
    const start = this.view.getUint32(4, this.little);
    if (start + 2 > block.length) return;
    const length = this.view.getUint16(start, this.little);
    for (let at = start + 2; at < start + 2 + 12 * length && at + 12 <= block.length; at += 12) {
      this.add(at);
    }
  }

  private add(at: number): void {
    const tag = this.view.getUint16(at, this.little);
    const kind = this.view.getUint16(at + 2, this.little);
    const count = this.view.getUint32(at + 4, this.little);
    const bytes = count * ({ 2: 1, 3: 2, 4: 4, 13: 4 }[kind] ?? 0);
    const place = bytes > 4 ? this.view.getUint32(at + 8, this.little) : at + 8;
    if (bytes === 0 || place + bytes > this.block.length || this.entries.has(tag)) return;
    this.entries.set(tag, { kind, count, at: place, end: place + bytes });
  }

  /** The value of a tag of one whole number. */
  number(tag: number): number | null {
    const entry = this.entries.get(tag);
    if (!entry || entry.count !== 1 || entry.kind === 2) return null;
    return entry.kind === 3
      ? this.view.getUint16(entry.at, this.little)
      : this.view.getUint32(entry.at, this.little);
  }

  /** The text of a tag, one line without padding; null where it says nothing. */
  text(tag: number): string | null {
    const entry = this.entries.get(tag);
    if (!entry || entry.kind !== 2) return null;
    let bytes = this.block.subarray(entry.at, entry.end);
    const end = bytes.indexOf(0);
    bytes = bytes.subarray(0, Math.min(end < 0 ? bytes.length : end, 4 * LONGEST));
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      text = latin1(bytes, 0, bytes.length);
    }
    text = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '').trim().slice(0, LONGEST);
    return /[\p{L}\p{N}]/u.test(text) ? text : null;
  }
}

function directory(exif: Uint8Array): Directory {
  let block = exif;
  while (startsWith(block, 'Exif\0\0')) block = block.subarray(6);
  return new Directory(block);
}

/** Orientation 1 to 8; 1 where absent or damaged. */
export function orientation(exif: Uint8Array): number {
  const value = directory(exif).number(ORIENTATION) ?? 1;
  return value >= 1 && value <= 8 ? value : 1;
}

export function cameraTags(exif: Uint8Array): CameraTags {
  const tags = directory(exif);
  return { make: tags.text(MAKE), model: tags.text(MODEL), software: tags.text(SOFTWARE) };
}
