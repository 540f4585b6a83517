import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// Run from the repository's root: `vite build --config web/vite.config.ts`.
export default defineConfig({
  root: 'web',
  plugins: [react()],
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    // The page is served under `default-src 'self'`: a small file turned into a data: URI would be refused by the browser.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The chart chunk is large by nature and loaded only when a metric is opened.
    chunkSizeWarningLimit: 800,
  },
  server: {
    // `npx vite --config web/vite.config.ts` beside a running `fairlead up`.
    proxy: { '/v1': 'http://localhost:4000', '/signin': 'http://localhost:4000' },
  },
})
