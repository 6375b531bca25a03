import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { domSize, Site } from './site.mjs'

const onlyFixture = { skip: process.env.BASE_URL ? 'needs the fixture server' : false }

describe('the list of applications', () => {
  let site
  before(async () => {
    site = await Site.open({ apps: 300 })
  })
  after(() => site.close())

  const rows = page => page.locator('[data-index]')
  const names = page => rows(page).locator('a').allTextContents()

  test('shows what needs attention first, and only the rows in sight', onlyFixture, () =>
    site.visit('/', {}, async page => {
      await rows(page).first().waitFor()
      assert.equal(new URL(page.url()).pathname, '/applications')
      assert.equal(await page.title(), 'Applications · Evenkeel')
      await page.getByText('300 applications').waitFor()
      assert.match(await rows(page).first().textContent(), /Degraded/)
      assert.ok((await rows(page).count()) < 40)
      assert.ok((await domSize(page)) < 1200)
    }),
  )

  test('marks what is pinned', onlyFixture, () =>
    site.visit('/applications?q=storefront', {}, async page => {
      const row = rows(page).filter({ hasText: 'storefront' })
      await row.waitFor()
      assert.equal(await row.getByRole('img', { name: 'Pinned' }).count(), 0)
      const pin = { revision: 'abc', history: -1, by: 'anna', reason: '', until: '', untilNewer: false, problem: '' }
      site.fixture.changeApp('argocd/storefront', { pin })
      await row.getByRole('img', { name: 'Pinned' }).waitFor()
      site.fixture.changeApp('argocd/storefront', { pin: null })
    }),
  )

  test('filters by text, facts and facets, and keeps the filter in the address', onlyFixture, () =>
    site.visit('/applications', {}, async page => {
      await rows(page).first().waitFor()
      await page.keyboard.press('/')
      await page.keyboard.type('sync:outofsync ledger')
      await page.waitForFunction(() => new URLSearchParams(location.search).get('q') === 'sync:outofsync ledger')
      const found = [...site.fixture.apps.values()].filter(
        app => app.sync === 'OutOfSync' && /ledger/.test(JSON.stringify([app.name, app.project, app.source])),
      )
      const count = found.length
      await page.getByText(`${count} of 300 applications`).waitFor()
      await page.getByRole('button', { name: /^Degraded/ }).click()
      assert.equal(new URL(page.url()).searchParams.get('q'), 'sync:outofsync ledger health:degraded')
      await page.reload()
      assert.equal(
        await page.getByRole('textbox', { name: 'Filter applications' }).inputValue(),
        'sync:outofsync ledger health:degraded',
      )
    }),
  )

  test('understands the parameters of Argo CD', onlyFixture, () =>
    site.visit('/applications?health=Degraded&proj=checkout', {}, async page => {
      await rows(page).first().waitFor()
      assert.equal(
        await page.getByRole('textbox', { name: 'Filter applications' }).inputValue(),
        'project:checkout health:degraded',
      )
    }),
  )

  test('sorts by a column and back', onlyFixture, () =>
    site.visit('/applications', {}, async page => {
      await rows(page).first().waitFor()
      await page.getByRole('button', { name: 'Name' }).click()
      assert.deepEqual(await names(page), (await names(page)).toSorted())
      await page.getByRole('button', { name: 'Name' }).click()
      assert.equal(new URL(page.url()).searchParams.get('sort'), '-name')
      await page.getByRole('button', { name: 'Name' }).click()
      assert.equal(new URL(page.url()).search, '')
    }),
  )

  test('is worked by keys alone', onlyFixture, () =>
    site.visit('/applications', {}, async page => {
      await rows(page).first().waitFor()
      for (const key of ['j', 'j', 'j', 'k']) {
        await page.keyboard.press(key)
        await page.waitForFunction(() => document.activeElement?.closest('[data-index]'))
        await page.evaluate(() => new Promise(requestAnimationFrame))
      }
      const [, second] = await names(page)
      assert.equal(await page.evaluate(() => document.activeElement.textContent), second)
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { level: 1, name: second }).waitFor()
      await page.keyboard.press('g')
      await page.keyboard.press('a')
      await page.getByRole('heading', { level: 1, name: 'Applications' }).waitFor()
      await page.keyboard.press('?')
      await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
      await page.keyboard.press('Escape')
      assert.equal(await page.getByRole('dialog').count(), 0)
    }),
  )

  test('changes live, without asking again', onlyFixture, () =>
    site.visit('/applications?q=guestbook', {}, async page => {
      const row = page.locator('[data-index="0"]')
      await row.getByText('Healthy', { exact: true }).waitFor()
      const asked = site.fixture.requests.length
      site.fixture.changeApp('argocd/guestbook', {
        health: 'Degraded',
        reason: {
          code: 'degraded',
          params: { kind: 'Pod', name: 'web-1', message: 'OOMKilled', count: '1' },
          text: '',
        },
      })
      await row.getByText('Pod web-1 — OOMKilled').waitFor()
      assert.match(await row.textContent(), /Degraded/)
      site.fixture.deleteApp('argocd/guestbook')
      await page.getByText('No application matches this filter').waitFor()
      assert.equal(site.fixture.requests.length, asked)
      site.fixture.reset(300)
    }),
  )

  test('says when it is not live, and resumes where it was', onlyFixture, () =>
    site.visit('/applications', { expectErrors: true }, async page => {
      await page.getByText('Live', { exact: true }).waitFor()
      site.fixture.down = true
      site.fixture.dropStreams()
      await page.getByText('Connection lost.').waitFor()
      assert.ok((await rows(page).count()) > 0)
      site.fixture.down = false
      await page.getByText('Live', { exact: true }).waitFor()
      const streams = site.fixture.requests.filter(request => request.path.endsWith('/stream'))
      assert.match(streams.at(-1).lastEventId, /^\d+$/)
    }),
  )

  test('helps to make the first application', onlyFixture, async () => {
    site.fixture.reset(0)
    await site.visit('/applications', {}, async page => {
      await page.getByRole('heading', { name: 'No applications yet' }).waitFor()
      assert.match(await page.locator('pre').first().textContent(), /kind: Application/)
      site.fixture.reset(1)
      site.fixture.changeApp('argocd/storefront', {})
      await rows(page).first().waitFor()
    })
    site.fixture.reset(300)
  })

  test('answers an unknown address with a way back', () =>
    site.visit('/settings/unheard-of', {}, async page => {
      await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
      await page.getByRole('link', { name: 'All applications' }).click()
      await page.waitForURL('**/applications')
    }))
})
