import { sha256 } from '@noble/hashes/sha2.js';

/** SHA-256 as 64 hexadecimal digits; pages from files and plain HTTP have no `crypto.subtle`. */
export async function digest(data: Uint8Array<ArrayBuffer>): Promise<string> {
  const bytes = globalThis.crypto?.subtle
    ? new Uint8Array(await crypto.subtle.digest('SHA-256', data))
    : sha256(data);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
