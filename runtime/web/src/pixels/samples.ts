import type { Size } from './limits.ts';

/** Colours that a file declares: an ICC profile, or ITU-T H.273 code points, or nothing (sRGB). */
export interface Colours {
  profile?: Uint8Array;
  points?: { primaries: number; transfer: number };
}

/** Samples as they are coded, handed over in bands of rows. */
export interface Samples {
  readonly size: Size;
  /** 1 grey, 3 RGB, 4 CMYK with 255 for full ink. */
  readonly channels: 1 | 3 | 4;
  /** Whether the decoder has done the reduction s. */
  readonly scaled: boolean;
  /** The next `count` rows, in order, interleaved; valid until the next call. */
  rows(count: number): Uint8Array;
  /** Throws where the last pixel, once it is known, shows that rows were missing. */
  check?(last: Uint8Array): Promise<void>;
}

/** A photo whose header was read. */
export interface OpenPhoto {
  readonly container: 'JPEG' | 'PNG' | 'WebP' | 'AVIF' | 'HEIF';
  /** Stored size. */
  readonly declared: Size;
  readonly exif: Uint8Array;
  /** Whether the decoder turns the picture upright itself. */
  readonly turns: boolean;
  /** EXIF's number, where something else than EXIF tells it. */
  readonly orientation?: number;
  readonly colours: Colours;
  readonly notes: readonly string[];
  /** Bytes that decoding takes, and how many it may. */
  memory(s: number): number;
  readonly allowed: number;
  decode(s: number): Promise<Samples>;
}
