import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { precompress } from './build/precompress.ts'

/** Where `npm run dev` finds the API: a running server, or the fixture server of test/browser. */
const apiServer = process.env.EVENKEEL_URL ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [react(), precompress()],
  build: {
    target: 'es2023',
    // ui/dist/.keep is committed so that the Go package always has something to embed.
    emptyOutDir: false,
    // Inlining would put fonts and images as data: URLs past `font-src 'self'`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { output: { entryFileNames: 'assets/[name]-[hash].js' } },
  },
  server: { proxy: { '/api': { target: apiServer, changeOrigin: false } } },
})
