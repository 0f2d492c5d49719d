const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** PNG's checksum of the bytes from `from` to before `to`. */
export function crc32(data: Uint8Array, from: number, to: number): number {
  let c = 0xffffffff;
  for (let at = from; at < to; at++) c = TABLE[(c ^ data[at]!) & 255]! ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}
