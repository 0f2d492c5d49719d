/** Reading numbers and text from bytes; beyond the end is 0 or empty, never an error. */
export const u16 = (data: Uint8Array, at: number): number =>
  ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);

export const u32 = (data: Uint8Array, at: number): number =>
  u16(data, at) * 65536 + u16(data, at + 2);

export const u32le = (data: Uint8Array, at: number): number =>
  (data[at] ?? 0) + (data[at + 1] ?? 0) * 256 + (data[at + 2] ?? 0) * 65536 + (data[at + 3] ?? 0) * 16777216;

export function latin1(data: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...data.subarray(from, to));
}

export function startsWith(data: Uint8Array, text: string, at = 0): boolean {
  return latin1(data, at, at + text.length) === text;
}

export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
