import { readFile } from 'node:fs/promises'
import { axePath, launch } from './browser.mjs'
import { FixtureServer } from './fixture/server.mjs'

/** The web app in a browser: on the fixture server, or on a real one that BASE_URL names. Tests that steer the server
 * need `fixture`, which is undefined for a real one. */
export class Site {
  static async open(options) {
    const site = new Site()
    site.fixture = process.env.BASE_URL ? undefined : new FixtureServer(options)
    site.base = site.fixture ? await site.fixture.start() : process.env.BASE_URL.replace(/\/$/, '')
    site.browser = await launch()
    site.axe = await readFile(axePath, 'utf8')
    return site
  }

  async close() {
    await this.browser.close()
    await this.fixture?.stop()
  }

  /** Runs `test` on a fresh page, then demands that the browser had nothing to complain about. `expectErrors` allows the
   * browser's own lines about failed requests. */
  async visit(path, options, test) {
    const { width = 1440, height = 900, theme = 'light', locale = 'en-US', expectErrors = false } = options
    const context = await this.browser.newContext({
      viewport: { width, height },
      colorScheme: theme,
      locale,
      reducedMotion: 'reduce',
    })
    const page = await context.newPage()
    const complaints = []
    page.on('console', message => {
      if (message.type() === 'error' && !(expectErrors && message.text().includes('Failed to load resource')))
        complaints.push(message.text())
    })
    page.on('pageerror', error => complaints.push(error.message))
    await page.addInitScript(() => {
      window.violations = []
      document.addEventListener('securitypolicyviolation', e =>
        window.violations.push(`${e.violatedDirective}: ${e.blockedURI}`),
      )
    })
    try {
      await page.goto(this.base + path)
      await test(page)
      complaints.push(...(await page.evaluate(() => window.violations)))
      if (complaints.length > 0) throw new Error(`the browser complained:\n${complaints.join('\n')}`)
    } finally {
      await context.close()
    }
  }

  /** The serious and critical findings of axe-core on the page as it is. */
  async audit(page) {
    // Evaluated by the debugger: a script tag would break the page's policy.
    await page.evaluate(this.axe)
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }))
    return violations
      .filter(violation => violation.impact === 'serious' || violation.impact === 'critical')
      .map(
        ({ id, nodes }) =>
          `${id}: ${nodes
            .slice(0, 3)
            .map(node => `${node.html.slice(0, 120)} ${node.any[0]?.message ?? ''}`)
            .join(' | ')}`,
      )
  }
}

export const domSize = page => page.evaluate(() => document.querySelectorAll('*').length)
