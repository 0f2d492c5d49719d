/** Memory is counted in pages of 64 KiB. */
export const MOST_PAGES = 65536; // 4 GiB, what the engine asks for
export const FRUGAL_PAGES = 12288; // 768 MiB, after it failed with more
const SMALLEST = 4096; // 256 MiB

/**
 * Makes `WebAssembly.Memory` reserve `most` pages, and less where that much cannot be had.
 *
 * The engine asks for 4 GiB of address space, which phones may refuse though it needs a tenth.
 */
export function allowSmallerMemory(most: number): void {
  WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
    construct(target, [asked]: [WebAssembly.MemoryDescriptor]) {
      if (asked.maximum === undefined) return new target(asked);
      const least = Math.min(asked.maximum, Math.max(SMALLEST, asked.initial));
      for (let maximum = Math.min(asked.maximum, most); maximum > least; maximum >>>= 1) {
        try {
          return new target({ ...asked, maximum });
        } catch {
          // too much: half of it
        }
      }
      return new target({ ...asked, maximum: least });
    },
  });
}
