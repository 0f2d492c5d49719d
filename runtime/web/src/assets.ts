/** Where the app's parts come from: texts in the one file, which the page holds as blobs, outside
 * its memory, or files beside the page. */
export type Assets =
  | { kind: 'inline'; texts: Record<string, Blob | ArrayBuffer> } // base64 of gzip
  | { kind: 'folder'; base: string };

/** The parts as a worker can read them: in WebKit, that of a page from a file reads no blobs. */
export async function forWorker(assets: Assets): Promise<[Assets, Transferable[]]> {
  if (assets.kind === 'folder') return [assets, []];
  const texts: Record<string, ArrayBuffer> = {};
  for (const [name, text] of Object.entries(assets.texts)) {
    texts[name] = text instanceof Blob ? await text.arrayBuffer() : text;
  }
  return [{ kind: 'inline', texts }, Object.values(texts)];
}

export async function readAsset(assets: Assets, name: string): Promise<Uint8Array<ArrayBuffer>> {
  if (assets.kind === 'inline') {
    const text = assets.texts[name];
    if (text === undefined) throw new Error(`${name} is missing in this file`);
    return gunzip(fromBase64(text instanceof Blob ? await text.text() : new TextDecoder().decode(text)));
  }
  const answer = await fetch(new URL(name, assets.base));
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** Without a blob between: workers of pages from files read none in WebKit. */
async function gunzip(packed: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const { readable, writable } = new DecompressionStream('gzip');
  const writer = writable.getWriter();
  const written = writer.write(packed).then(() => writer.close());
  const plain = new Uint8Array(await new Response(readable).arrayBuffer());
  await written;
  return plain;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const native = Uint8Array as unknown as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> };
  if (native.fromBase64) return native.fromBase64(text);
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
