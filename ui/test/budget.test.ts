// @vitest-environment node
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build, type Rolldown } from 'vite'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

const kibibyte = 1024
const sizeOf = (text: string | Uint8Array): number => gzipSync(text, { level: 9 }).length

type Output = Rolldown.RolldownOutput['output'][number]

describe('the size budget (gzipped)', () => {
  let output: readonly Output[]

  beforeAll(async () => {
    // React's development build is what the test runner's own mode would yield.
    vi.stubEnv('NODE_ENV', 'production')
    const root = fileURLToPath(new URL('..', import.meta.url))
    const config = { root, mode: 'production', logLevel: 'silent', build: { write: false } } as const
    output = ((await build(config)) as Rolldown.RolldownOutput).output
  }, 120_000)

  afterAll(() => {
    vi.unstubAllEnvs()
  })

  const entry = () => output.find(file => file.type === 'chunk' && file.isEntry)

  it('first load stays within 110 KiB; the limit of the design is 180', () => {
    const main = entry()
    if (main?.type !== 'chunk') throw new Error('the build has no entry')
    const first = output.filter(file => isFirstLoad(file, main))
    const total = first.reduce((sum, file) => sum + sizeOf(file.type === 'chunk' ? file.code : file.source), 0)
    expect(total / kibibyte).toBeLessThan(110)
  })

  it('no lazy chunk is over 40 KiB', () => {
    const lazy = output.filter(file => file.type === 'chunk' && !file.isEntry)
    for (const file of lazy) {
      if (file.type === 'chunk') expect(sizeOf(file.code) / kibibyte, file.fileName).toBeLessThan(40)
    }
  })

  it('nothing is inlined that the policy would block', () => {
    const css = output.filter(file => file.fileName.endsWith('.css'))
    for (const file of css) expect(file.type === 'asset' && String(file.source)).not.toContain('data:')
    const html = output.find(file => file.fileName === 'index.html')
    const page = html?.type === 'asset' ? String(html.source) : ''
    expect(page).not.toMatch(/<style|style=|<script(?![^>]*\ssrc=)/)
  })
})

/** The page, its script with what that imports at once, and every style sheet that comes with them. */
function isFirstLoad(file: Output, main: Rolldown.OutputChunk): boolean {
  if (file.type === 'chunk') return file === main || main.imports.includes(file.fileName)
  return file.fileName === 'index.html' || file.fileName === 'boot.js' || /^assets\/index-.*\.css$/.test(file.fileName)
}
