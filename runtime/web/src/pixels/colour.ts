/** Grey, RGB or CMYK samples to 8-bit RGB in sRGB. */
import { fromCodePoints } from './codePoints.ts';
import { type ToSrgb, readProfile } from './icc.ts';
import { MAX_PROFILE_BYTES } from './limits.ts';
import type { Colours } from './samples.ts';

/** Returns uint8 RGB, and a note where the file's colours could not be used. */
export function toSrgb(
  samples: Uint8Array,
  channels: 1 | 3 | 4,
  colours: Colours,
): { rgb: Uint8Array; note?: string } {
  const { convert, note } = conversion(colours, channels);
  if (convert && channels === 4) {
    const rgb = new Uint8Array((samples.length / 4) * 3);
    convert(samples, rgb);
    return { rgb };
  }
  const rgb = asRgb(samples, channels);
  convert?.(rgb, rgb);
  return note === undefined ? { rgb } : { rgb, note };
}

function conversion(colours: Colours, channels: 1 | 3 | 4): { convert: ToSrgb; note?: string } {
  const byPoints = colours.points && fromCodePoints(colours.points);
  if (byPoints && !(byPoints.note && colours.profile)) return byPoints;
  if (!colours.profile) return { convert: null };
  try {
    if (colours.profile.length > MAX_PROFILE_BYTES) throw new Error('it is too long');
    return { convert: readProfile(colours.profile, channels) };
  } catch (error) {
    return { convert: null, note: `colour profile ignored (${(error as Error).message})` };
  }
}

function asRgb(samples: Uint8Array, channels: 1 | 3 | 4): Uint8Array {
  if (channels === 3) return samples;
  const rgb = new Uint8Array((samples.length / channels) * 3);
  for (let at = 0, from = 0; at < rgb.length; at += 3, from += channels) {
    for (let c = 0; c < 3; c++) {
      rgb[at + c] = channels === 1 ? samples[from]! : paper(samples[from + c]!, samples[from + 3]!);
    }
  }
  return rgb;
}

/** CMYK without a profile: what ink leaves of the paper's white. */
const paper = (ink: number, black: number): number =>
  255 - black - Math.floor((2 * ink * (255 - black) + 255) / 510);
