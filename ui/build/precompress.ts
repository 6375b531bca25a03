import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

const compressible = /\.(js|css|html|svg|json|txt|webmanifest)$/
/** Below this many bytes a compressed sibling saves no packet. */
const worthwhile = 512

/** Empties dist/ but for .keep, then writes a .gz and a .br sibling of every text file, for the Go server to pick by
 * Accept-Encoding. Compression is at its strongest: it runs once, at build time. */
export function precompress(): Plugin {
  let outDir = ''
  let writes = true
  return {
    name: 'evenkeel:precompress',
    apply: 'build',
    configResolved(config) {
      outDir = join(config.root, config.build.outDir)
      writes = config.build.write
    },
    async buildStart() {
      if (!writes) return
      await mkdir(outDir, { recursive: true })
      const stale = (await readdir(outDir)).filter(name => name !== '.keep')
      await Promise.all(stale.map(name => rm(join(outDir, name), { recursive: true })))
    },
    async writeBundle() {
      const entries = await readdir(outDir, { recursive: true, withFileTypes: true })
      const files = entries.filter(e => e.isFile() && compressible.test(e.name)).map(e => join(e.parentPath, e.name))
      await Promise.all(files.map(compress))
    },
  }
}

async function compress(file: string): Promise<void> {
  const body = await readFile(file)
  if (body.length < worthwhile) return
  const gzip = gzipSync(body, { level: 9 })
  const brotli = brotliCompressSync(body, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length },
  })
  await Promise.all([writeFile(`${file}.gz`, gzip), writeFile(`${file}.br`, brotli)])
}
