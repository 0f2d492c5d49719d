/** Pictures that the browser decodes. */
import { PhotoError } from './errors.ts';
import type { Size } from './limits.ts';
import type { Samples } from './samples.ts';

export type Decode = (data: Uint8Array, type: string) => Promise<ImageBitmap | null>;

let elsewhere: Decode = async () => null;

/** Says who decodes what this worker cannot: in WebKit, that of a page from a file reads no blobs. */
export function decodeElsewhere(decode: Decode): void {
  elsewhere = decode;
}

/** The decoded picture; null where the browser cannot. */
export const bitmapOf: Decode = (data, type) =>
  createImageBitmap(new Blob([data as Uint8Array<ArrayBuffer>], { type })).catch(() => null);

/** Decodes by `createImageBitmap`, in sRGB, alpha laid over white; a file that says so comes upright. */
export async function decodeByBrowser(
  data: Uint8Array,
  type: string,
  declared: Size,
): Promise<Samples> {
  const bitmap = (await bitmapOf(data, type)) ?? (await elsewhere(data, type));
  if (!bitmap) throw new PhotoError('browser', `this browser cannot decode this ${type.slice(6)} file`);
  const { width, height } = bitmap;
  const turned = width === declared[1] && height === declared[0];
  if (!turned && (width !== declared[0] || height !== declared[1])) {
    throw new PhotoError('damaged', `${width} x ${height} pixels found, others declared`);
  }
  let y = 0;
  let canvas: OffscreenCanvas | undefined;
  return {
    size: [width, height],
    channels: 3,
    scaled: false,
    rows(count) {
      if (canvas?.height !== count) canvas = new OffscreenCanvas(width, count);
      const context = canvas.getContext('2d', { willReadFrequently: true, alpha: false })!;
      context.fillStyle = '#fff';
      context.fillRect(0, 0, width, count);
      context.drawImage(bitmap, 0, -y);
      y += count;
      if (y >= height) bitmap.close();
      return withoutAlpha(context.getImageData(0, 0, width, count).data);
    },
  };
}

function withoutAlpha(rgba: Uint8ClampedArray): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, at = 0; from < rgba.length; from += 4) {
    rgb[at++] = rgba[from]!;
    rgb[at++] = rgba[from + 1]!;
    rgb[at++] = rgba[from + 2]!;
  }
  return rgb;
}
