import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { domSize, Site } from './site.mjs'

const skip = process.env.BASE_URL ? 'needs the fixture server' : false
const key = 'argocd/storefront'
const path = `/applications/${key}`

describe('the page of one application', { skip }, () => {
  let site
  before(async () => {
    site = await Site.open({ apps: 20 })
  })
  after(() => site.close())
  beforeEach(() => site.fixture.reset(20))

  const posts = () => site.fixture.requests.filter(request => request.method === 'POST')

  test('tells what is wrong, why and since when', () =>
    site.visit(path, {}, async page => {
      const reason = page.getByTestId('reason')
      await reason.waitFor()
      assert.match(await reason.textContent(), /^Degraded: Deployment cart — ImagePullBackOff .* since 4 minutes ago$/)
      assert.deepEqual(
        await page.getByRole('list', { name: 'From commit to cluster' }).getByRole('heading').allTextContents(),
        ['Git commit', 'Rendered', 'Applied', 'Healthy'],
      )
      await page.getByText('Two applications claim the same resource.').waitFor()
      assert.equal(await page.title(), 'storefront · Evenkeel')
    }))

  test('is found by its name alone, and keeps Argo CD’s parameters', () =>
    site.visit('/applications/storefront?node=apps/Deployment/storefront/web/0', {}, async page => {
      await page.getByRole('complementary', { name: 'Resource details' }).getByText('/spec/replicas').waitFor()
      assert.equal(new URL(page.url()).pathname, path)
    }))

  test('says when there is no such application', () =>
    site.visit('/applications/argocd/absent', {}, page =>
      page.getByText('There is no application “argocd/absent”').waitFor(),
    ))

  test('shows a change of the tree without asking again', () =>
    site.visit(path, {}, async page => {
      const card = page.getByRole('button', { name: /^cart (Deployment|ImagePull)/ })
      await card.waitFor()
      const asked = site.fixture.requests.length
      site.fixture.changeTree(key, 'apps/Deployment/storefront/cart', { health: 'Healthy', message: '' })
      await page.getByRole('button', { name: /^cart Deployment · rev:7 Healthy, Synced/ }).waitFor()
      assert.equal(site.fixture.requests.length, asked)
    }))

  test('opens a resource: why, drift with its author, manifests with masked secrets', () =>
    site.visit(`${path}?find=payment`, {}, async page => {
      await page.getByRole('button', { name: /^payment-keys Secret/ }).click()
      const inspector = page.getByRole('complementary', { name: 'Resource details' })
      await inspector.getByText('/data/api-key').waitFor()
      assert.match(await inspector.textContent(), /vault-agent, 30 minutes ago/)
      await inspector.getByRole('tab', { name: 'Live' }).click()
      await inspector.getByText('+++++++++').waitFor()
      assert.equal(new URL(page.url()).searchParams.get('node'), '/Secret/storefront/payment-keys')
      await page.keyboard.press('Escape')
      await inspector.waitFor({ state: 'detached' })
      assert.equal(new URL(page.url()).search, '?find=payment')
    }))

  test('syncs: shows what would change, sends what was chosen, follows the operation', () =>
    site.visit(path, {}, async page => {
      await page.getByTestId('reason').waitFor()
      await page.keyboard.press('s')
      const dialog = page.getByRole('dialog', { name: 'Sync storefront' })
      await dialog.getByText('legacy-flags').waitFor()
      assert.match(await dialog.textContent(), /left alone without prune/)
      await dialog.getByRole('checkbox', { name: /^Prune/ }).check()
      await dialog.getByText('1 resource will be deleted from the cluster').waitFor()
      await dialog.getByRole('radio', { name: /^Out of sync/ }).check()
      await dialog.getByRole('button', { name: 'Sync and delete 1' }).click()
      await page.getByText('Sync of storefront started').waitFor()
      const { body } = site.fixture.lastSync
      assert.deepEqual(
        { ...body, resources: body.resources.map(r => r.name).toSorted() },
        {
          revision: '',
          prune: true,
          dryRun: false,
          resources: ['currency-config', 'legacy-flags', 'payment-keys', 'web'],
        },
      )
      const operation = page.getByRole('region', { name: 'Running operation' })
      await operation.getByText('5 of 10').waitFor()
      assert.equal(await operation.getByRole('progressbar').getAttribute('value'), '5')
      site.fixture.finishSync(key)
      await operation.waitFor({ state: 'detached' })
      assert.equal(await page.getByTestId('reason').textContent(), 'Everything is as Git describes it and healthy')
    }))

  test('syncs a hand-picked resource as a dry run', () =>
    site.visit(path, {}, async page => {
      await page.getByRole('button', { name: 'Sync', exact: true }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('radio', { name: 'Choose' }).check()
      assert.equal(await dialog.getByRole('button', { name: 'Sync', exact: true }).isDisabled(), true)
      await dialog.getByRole('textbox', { name: 'Filter resources' }).fill('ingress')
      await dialog.getByRole('checkbox', { name: /Ingress storefront/ }).check()
      await dialog.getByRole('checkbox', { name: /^Dry run/ }).check()
      await dialog.getByRole('textbox', { name: 'Revision' }).fill('v2')
      await dialog.getByRole('button', { name: 'Start dry run' }).click()
      await page.getByText('Dry run of storefront started').waitFor()
      assert.deepEqual(site.fixture.lastSync.body, {
        revision: 'v2',
        prune: false,
        dryRun: true,
        resources: [{ group: 'networking.k8s.io', kind: 'Ingress', namespace: 'storefront', name: 'storefront' }],
      })
    }))

  test('shows the server’s refusal and keeps the dialog open', () =>
    site.visit(path, { expectErrors: true }, async page => {
      await page.getByRole('button', { name: 'Sync', exact: true }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('textbox', { name: 'Revision' }).fill('forbidden')
      await dialog.getByRole('button', { name: 'Sync', exact: true }).click()
      await page.getByText('Sync could not start: permission denied: applications, sync, checkout/storefront').waitFor()
      assert.equal(await dialog.count(), 1)
    }))

  test('refreshes, by key and from the menu', () =>
    site.visit(path, {}, async page => {
      await page.getByTestId('reason').waitFor()
      const before = posts().length
      await page.keyboard.press('r')
      await page.getByText('storefront is being refreshed').waitFor()
      await page.getByRole('button', { name: 'More ways to refresh' }).click()
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Enter')
      await page.getByText('storefront is being refreshed').nth(1).waitFor()
      assert.equal(posts().length, before + 2)
    }))

  test('walks the tree by keys, collapses, and shows the same as a list', () =>
    site.visit(path, {}, async page => {
      await page.getByRole('button', { name: /^storefront Application/ }).focus()
      const focused = () => page.evaluate(() => document.activeElement.textContent)
      await page.keyboard.press('ArrowRight')
      assert.match(await focused(), /^orders-db/)
      await page.keyboard.press('ArrowDown')
      assert.match(await focused(), /^cart/)
      await page.keyboard.press(' ')
      await page.getByRole('button', { name: /^Expand cart: \d+ hidden/ }).waitFor()
      await page.keyboard.press('Enter')
      await page.getByRole('complementary', { name: 'Resource details' }).waitFor()
      await page.getByRole('button', { name: 'List', exact: true }).click()
      const row = page.getByRole('row', { name: /cart Deployment/ })
      assert.equal(await row.getAttribute('aria-expanded'), 'false')
      await row.focus()
      await page.keyboard.press('ArrowRight')
      assert.equal(await row.getAttribute('aria-expanded'), 'true')
    }))

  test('stays small with 2,000 resources', () =>
    site.visit('/applications/argocd/monolith', {}, async page => {
      await page.getByText(/of 2000 resources: those with problems/).waitFor()
      assert.ok((await domSize(page)) < 500, `problems only: ${await domSize(page)}`)
      await page.getByRole('button', { name: 'Problems only' }).click()
      await page.getByText('2,000', { exact: true }).waitFor()
      assert.ok((await domSize(page)) < 500, `all: ${await domSize(page)}`)
      const graph = page.getByRole('group', { name: 'Resource tree' })
      const { x, y, width, height } = await graph.boundingBox()
      await page.mouse.move(x + width / 2, y + height / 2)
      for (let i = 0; i < 20; i += 1) await page.mouse.wheel(0, 900)
      assert.ok((await domSize(page)) < 500, `scrolled: ${await domSize(page)}`)
      await page.getByRole('button', { name: 'Fit to window' }).click()
      assert.ok((await domSize(page)) < 500, `fit: ${await domSize(page)}`)
      await page.getByRole('button', { name: 'List', exact: true }).click()
      await page.getByRole('treegrid').waitFor()
      assert.ok((await domSize(page)) < 1000, `list: ${await domSize(page)}`)
    }))
})
