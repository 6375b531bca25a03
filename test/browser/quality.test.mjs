import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Site } from './site.mjs'

const fixtureOnly = { skip: process.env.BASE_URL ? 'needs the fixture server' : false }

const dialog = async page => {
  await page.getByTestId('reason').waitFor()
  await page.keyboard.press('s')
  await page.getByRole('dialog').getByText('legacy-flags').waitFor()
}
const history = async page => {
  await page.getByTestId('reason').waitFor()
  await page.keyboard.press('h')
  await page.getByRole('dialog').getByRole('listitem').first().waitFor()
}
const rollback = async page => {
  await history(page)
  await page.getByRole('dialog').getByRole('listitem').last().getByRole('button').click()
  await page.getByRole('dialog').getByRole('combobox').waitFor()
}
const held = async (page, { fixture }) => {
  await page.getByTestId('reason').waitFor()
  const { operation, revision } = fixture.apps.get('argocd/guestbook')
  const waiting = { type: 'SyncWaiting', message: 'for application argocd/db', lastTransitionTime: '' }
  const pin = { revision, history: 5, by: 'anna', reason: 'it is slow', until: '', untilNewer: true, problem: '' }
  fixture.changeApp('argocd/guestbook', {
    pin,
    confirm: 2,
    conditions: [waiting],
    operation: { ...operation, phase: 'Running', finishedAt: '' },
  })
  await page.locator('section[data-tone="missing"]').waitFor()
}
const action = async page => {
  await page.getByText('/spec/replicas').waitFor()
  await page.locator('aside [aria-haspopup=menu]').click()
  await page.getByRole('menuitem').last().click()
  await page.getByRole('dialog').getByRole('spinbutton').waitFor()
}
const abort = async page => {
  await page.locator('section[data-tone="bad"]').waitFor()
  await page.locator('aside ol li').first().waitFor({ state: 'attached' })
}
const pages = [
  { name: 'list', path: '/applications', ready: page => page.locator('[data-index]').first().waitFor() },
  {
    name: 'application',
    path: '/applications/argocd/storefront',
    ready: page => page.locator('[data-id^="apps/Deployment"]').first().waitFor(),
  },
  {
    name: 'list of resources',
    path: '/applications/argocd/storefront?view=list',
    ready: page => page.getByRole('treegrid').waitFor(),
  },
  {
    name: 'inspector',
    path: '/applications/argocd/storefront?node=apps/Deployment/storefront/web',
    ready: page => page.getByText('/spec/replicas').waitFor(),
  },
  {
    name: 'differences',
    path: '/applications/argocd/storefront?view=diff&hide=kubectl-edit',
    ready: page => page.getByText('/spec/replicas').waitFor(),
  },
  {
    name: 'why an object is degraded',
    path: '/applications/argocd/storefront?node=apps/Deployment/storefront/cart&orphaned=true',
    ready: page => page.getByText('ProgressDeadlineExceeded').waitFor(),
  },
  {
    name: 'action',
    path: '/applications/argocd/storefront?node=apps/Deployment/storefront/web',
    ready: action,
  },
  {
    name: 'aborted rollout',
    path: '/applications/argocd/recommender?node=argoproj.io/Rollout/search-prod/api',
    ready: abort,
  },
  { name: 'sync dialog', path: '/applications/argocd/storefront', ready: dialog },
  { name: 'history', path: '/applications/argocd/storefront', ready: history },
  { name: 'rollback', path: '/applications/argocd/storefront', ready: rollback },
  { name: 'what holds an application', path: '/applications/argocd/guestbook', ready: held },
  { name: 'unknown page', path: '/nowhere', ready: page => page.getByRole('heading', { level: 2 }).waitFor() },
]

describe('every page', () => {
  let site
  before(async () => {
    site = await Site.open({ apps: 300 })
    site.fixture?.addAborted()
  })
  after(() => site.close())

  for (const theme of ['light', 'dark']) {
    for (const locale of ['en-US', 'ja-JP']) {
      for (const { name, path, ready } of pages) {
        test(`is accessible: ${name}, ${theme}, ${locale}`, fixtureOnly, () =>
          site.visit(path, { theme, locale }, async page => {
            await ready(page, site)
            assert.deepEqual(await site.audit(page), [])
          }),
        )
      }
      test(`is accessible on a phone: ${theme}, ${locale}`, fixtureOnly, async () => {
        for (const { path, ready } of pages.slice(0, 2)) {
          await site.visit(path, { theme, locale, width: 390, height: 844 }, async page => {
            if (path === '/applications') await ready(page)
            else await page.getByRole('treegrid').waitFor()
            assert.deepEqual(await site.audit(page), [])
            const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
            assert.ok(inner <= outer, `the page is ${inner} px wide on a screen of ${outer}`)
          })
        }
      })
    }
  }

  test('the empty list is accessible', fixtureOnly, async () => {
    site.fixture.reset(0)
    await site.visit('/applications', {}, async page => {
      await page.getByRole('heading', { level: 1 }).waitFor()
      assert.deepEqual(await site.audit(page), [])
    })
    site.fixture.reset(300)
  })

  test('remembers theme and language, before the first paint', () =>
    site.visit('/applications', { expectErrors: true }, async page => {
      await page.getByRole('button', { name: 'Theme' }).click()
      await page.getByRole('menuitemradio', { name: 'Dark' }).click()
      await page.getByRole('button', { name: 'Language' }).click()
      await page.getByRole('menuitemradio', { name: '日本語' }).click()
      await page.getByRole('navigation').getByText('アプリケーション').waitFor()
      // As the page stands when only its head has run: what comes later must not be needed.
      await page.route('**/assets/*.js', route => route.abort())
      await page.reload({ waitUntil: 'commit' })
      await page.waitForFunction(() => document.documentElement.lang === 'ja')
      assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark')
      await page.unroute('**/assets/*.js')
      await page.reload()
      await page.getByRole('navigation').getByText('アプリケーション').waitFor()
      const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
      assert.equal(background, 'rgb(13, 17, 23)')
    }))

  test('the first load stays within 180 KiB over the wire', () =>
    site.visit('/applications', {}, async page => {
      await page.getByRole('heading', { level: 1 }).waitFor()
      const bytes = await page.evaluate(() =>
        [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
          .filter(entry => !entry.name.includes('/api/'))
          .reduce((sum, entry) => sum + entry.encodedBodySize, 0),
      )
      assert.ok(bytes > 0 && bytes < 180 * 1024, `${bytes} bytes`)
    }))
})
