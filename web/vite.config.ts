import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const SERVER = process.env.VESALIUS_SERVER ?? 'http://127.0.0.1:8080';
const SERVED_BY_SERVER = ['/api', '/dicomweb', '/fhir', '/viewer', '/health'];

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '~': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    outDir: 'dist/app',
    emptyOutDir: true,
    target: 'es2022',
    // The page's policy allows no inline code and no data: fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    license: { fileName: 'LICENCES.md' },
  },
  server: {
    proxy: Object.fromEntries(SERVED_BY_SERVER.map(path => [path, { target: SERVER, ws: false }])),
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}', 'viewer/**/*.test.ts'],
    setupFiles: ['src/testing.ts'],
    css: false,
  },
});
