import { defineConfig } from 'vite';

/** One script for the page and one for the worker, each whole: `vite build --mode page|worker`. */
const ENTRIES: Record<string, string> = { page: 'src/page/main.ts', worker: 'src/worker/worker.ts' };

export default defineConfig(({ mode }) => ({
  define: { 'import.meta.url': 'globalThis.location.href' }, // what the engine starts threads from
  build: {
    outDir: 'dist',
    emptyOutDir: false,
    target: ['chrome94', 'safari16.4', 'firefox114'],
    minify: true,
    reportCompressedSize: false,
    modulePreload: false,
    rollupOptions: {
      input: ENTRIES[mode] ?? '',
      output: {
        format: mode === 'worker' ? 'iife' : 'es', // pages from files start no module workers
        codeSplitting: false,
        entryFileNames: `${mode}.js`,
        assetFileNames: '[name][extname]',
      },
    },
  },
  publicDir: false,
}));
