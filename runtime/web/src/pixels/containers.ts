/** Recognising a photo by its first bytes, never by its name. */
import { latin1, startsWith } from './bytes.ts';
import { PhotoError } from './errors.ts';
import { openHeif } from './heif.ts';
import { openJpeg } from './jpeg.ts';
import { openPng } from './png.ts';
import type { OpenPhoto } from './samples.ts';
import { openWebp } from './webp.ts';

const RAW = ['FUJIFILMCCD-RAW', 'IIU\0', 'IIRO', 'IIRS', 'MMOR', 'FOVb', '\0MRM'];
const AVIF = ['avif', 'avis'];
const HEIF = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1'];

export function openPhoto(data: Uint8Array): OpenPhoto {
  if (startsWith(data, '\xff\xd8\xff')) return openJpeg(data);
  if (startsWith(data, '\x89PNG\r\n\x1a\n')) return openPng(data);
  if (startsWith(data, 'RIFF') && startsWith(data, 'WEBP', 8)) return openWebp(data);
  if (startsWith(data, 'ftyp', 4)) {
    const brand = latin1(data, 8, 12);
    if (AVIF.includes(brand)) return openHeif(data, 'AVIF');
    if (HEIF.includes(brand)) {
      return openHeif(data, latin1(data, 16, 32).includes('avif') ? 'AVIF' : 'HEIF');
    }
    if (brand === 'crx ') throw rawFile();
  }
  if (RAW.some((signature) => startsWith(data, signature))) throw rawFile();
  if (startsWith(data, 'II*\0') || startsWith(data, 'MM\0*')) {
    throw new PhotoError('raw', 'a TIFF or camera raw file; use the JPEG that the camera wrote');
  }
  throw new PhotoError('unknown', 'not a photo this app reads: JPEG, PNG, WebP, AVIF or HEIC');
}

const rawFile = (): PhotoError =>
  new PhotoError('raw', 'a camera raw file; use the JPEG that the camera wrote beside it');
