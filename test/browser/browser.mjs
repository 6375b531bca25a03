import { createRequire } from 'node:module'

// The packages live in ui/node_modules, with one lock file for the app and its tests.
const require = createRequire(new URL('../../ui/package.json', import.meta.url))
const { chromium } = require('playwright-core')

/** The source of axe-core, to be injected by the debugger (which the page's policy does not bind). */
export const axePath = require.resolve('axe-core/axe.min.js')

/** Starts Debian's Chromium, or the one that CHROMIUM names. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
