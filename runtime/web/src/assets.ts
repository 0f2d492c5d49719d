/** Where the app's parts come from: inside the one file, or files beside the page. */
import { gunzipSync } from 'fflate';

/** Hands over a part by name, such as `bundle.json`. */
export type Assets =
  | { kind: 'inline'; texts: Record<string, Blob> } // base64 of gzip
  | { kind: 'folder'; base: string };

export async function readAsset(assets: Assets, name: string): Promise<Uint8Array<ArrayBuffer>> {
  if (assets.kind === 'inline') {
    const text = assets.texts[name];
    if (text === undefined) throw new Error(`${name} is missing in this file`);
    return gunzipSync(fromBase64(await text.text()));
  }
  const answer = await fetch(new URL(name, assets.base));
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

function fromBase64(text: string): Uint8Array {
  const bytes = new Uint8Array((text.length / 4) * 3);
  const step = 1 << 16;
  let at = 0;
  for (let from = 0; from < text.length; from += step) {
    const part = atob(text.slice(from, from + step));
    for (let i = 0; i < part.length; i++) bytes[at++] = part.charCodeAt(i);
  }
  return bytes.subarray(0, at);
}

export async function readJson<T>(assets: Assets, name: string): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await readAsset(assets, name))) as T;
}
