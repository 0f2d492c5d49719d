const SMALLEST = 4096; // pages of 64 KiB: 256 MiB

/**
 * Makes `WebAssembly.Memory` try smaller maxima where the one asked for cannot be reserved.
 *
 * The engine asks for 4 GiB of address space, which phones may refuse though it needs a tenth.
 */
export function allowSmallerMemory(): void {
  WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
    construct(target, [asked]: [WebAssembly.MemoryDescriptor]) {
      const least = Math.max(SMALLEST, asked.initial);
      for (let { maximum } = asked; maximum !== undefined && maximum >= 2 * least; maximum >>>= 1) {
        try {
          return new target({ ...asked, maximum });
        } catch {
          // too much: half of it
        }
      }
      if (asked.maximum === undefined) return new target(asked);
      return new target({ ...asked, maximum: Math.min(asked.maximum, least) });
    },
  });
}
