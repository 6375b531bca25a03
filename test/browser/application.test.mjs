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
      assert.match(
        await reason.textContent(),
        /^Degraded: Deployment cart: 3 pods ImagePullBackOff .* since 4 minutes ago$/,
      )
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
      const card = page.getByRole('button', { name: /^cart (Deployment|3 pods)/ })
      await card.waitFor()
      const asked = site.fixture.requests.length
      site.fixture.changeTree(key, 'apps/Deployment/storefront/cart', { health: 'Healthy', message: '', cause: null })
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
      await inspector.getByText('•••••• (a77c)').waitFor()
      assert.equal(new URL(page.url()).searchParams.get('node'), '/Secret/storefront/payment-keys')
      await page.keyboard.press('Escape')
      await inspector.waitFor({ state: 'detached' })
      assert.equal(new URL(page.url()).search, '?find=payment')
    }))

  test('syncs: shows the plan, sends what was shown, follows the operation', () =>
    site.visit(path, {}, async page => {
      await page.getByTestId('reason').waitFor()
      await page.keyboard.press('s')
      const dialog = page.getByRole('dialog', { name: 'Sync storefront' })
      const plan = dialog.getByRole('region', { name: 'Plan' })
      await plan.getByText('legacy-flags').waitFor()
      assert.match(await plan.textContent(), /No longer in Git; prune is off/)
      await dialog.getByRole('checkbox', { name: /^Prune/ }).check()
      await dialog.getByText('1 resource will be deleted from the cluster').waitFor()
      assert.deepEqual(await plan.getByRole('heading', { level: 4 }).allTextContents(), [
        'PreSync wave 0',
        'Sync wave 0',
        'SyncFail wave 0only if something fails',
      ])
      await plan.getByText('web', { exact: false }).filter({ hasText: 'Differs at /spec/replicas' }).first().click()
      await plan.getByText('kube-controller-manager').waitFor()
      await dialog.getByRole('radio', { name: /^Out of sync/ }).check()
      await plan.getByRole('heading', { name: /^PreSync/ }).waitFor({ state: 'detached' })
      const hash = await plan.getByTestId('plan-hash').textContent()
      await dialog.getByRole('button', { name: 'Sync exactly this and delete 1' }).click()
      await page.getByText('Sync of storefront started').waitFor()
      const { body } = site.fixture.lastSync
      assert.deepEqual(
        { ...body, resources: body.resources.map(r => r.name).toSorted() },
        {
          revision: '',
          prune: true,
          dryRun: false,
          resources: ['currency-config', 'legacy-flags', 'payment-keys', 'reindex', 'web'],
          infos: [{ name: 'evenkeel.dev/plan', value: hash }],
        },
      )
      const operation = page.getByRole('region', { name: 'Running operation' })
      await operation.getByText('5 of 10').waitFor()
      assert.equal(await operation.getByRole('progressbar').getAttribute('value'), '5')
      site.fixture.finishSync(key)
      await operation.waitFor({ state: 'detached' })
      await page.getByRole('region', { name: 'Last operation' }).waitFor()
      assert.equal(await page.getByTestId('reason').textContent(), 'Everything is as Git describes it and healthy')
    }))

  test('does not exchange a plan under the reader’s eyes, and never does another one', () =>
    site.visit(path, { expectErrors: true }, async page => {
      await page.getByRole('button', { name: 'Sync', exact: true }).click()
      const dialog = page.getByRole('dialog')
      const shown = dialog.getByTestId('plan-hash')
      await shown.waitFor()
      const hash = await shown.textContent()
      const drift = [{ path: '/spec/replicas', desired: '2', live: '9', manager: 'kubectl', at: '' }]
      site.fixture.changeTree(key, 'apps/Deployment/storefront/web', { drift })
      await dialog.getByRole('button', { name: 'Sync exactly this' }).click()
      await page.getByText('Nothing was done: desired or live have moved since').waitFor()
      await dialog.getByText('This is the new plan: 1 new or other, 0 no longer needed.').waitFor()
      assert.equal(site.fixture.lastSync, undefined)
      assert.notEqual(await shown.textContent(), hash)
      // A change that the stream tells is offered, not taken.
      site.fixture.changeTree(key, 'apps/Deployment/storefront/web', { drift: [{ ...drift[0], live: '7' }] })
      site.fixture.changeApp(key, { revision: '0123456789012345678901234567890123456789' })
      const before = await shown.textContent()
      const alert = dialog.getByRole('alert')
      await alert.waitFor()
      assert.equal(await shown.textContent(), before)
      await alert.getByRole('button', { name: 'Show the new plan' }).click()
      assert.notEqual(await shown.textContent(), before)
      await dialog.getByText('moved', { exact: true }).waitFor()
      await dialog.getByRole('button', { name: 'Sync exactly this' }).click()
      await page.getByText('Sync of storefront started').waitFor()
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

  test('shows what the last operation did, by phase and wave', () =>
    site.visit(path, {}, async page => {
      const operation = page.getByRole('region', { name: 'Last operation' })
      await operation.getByText('5 results').click()
      assert.deepEqual(await operation.getByRole('heading').allTextContents(), [
        'PreSync wave 0',
        'Sync wave -1',
        'Sync wave 0',
        'PostSync wave 0',
      ])
      const smoke = operation.getByRole('listitem').filter({ hasText: 'smoke-test' }).last()
      assert.match(await smoke.textContent(), /hook.*failed.*2 of 14 checks failed/)
    }))

  test('stops a running operation', () =>
    site.visit(path, {}, async page => {
      await page.getByTestId('reason').waitFor()
      site.fixture.changeApp(key, {
        operation: {
          ...site.fixture.apps.get(key).operation,
          phase: 'Running',
          finishedAt: '',
          message: 'waiting for Job migrate',
        },
      })
      const operation = page.getByRole('region', { name: 'Running operation' })
      await operation.getByText('waiting for Job migrate').waitFor()
      const stop = operation.getByRole('button', { name: 'Terminate' })
      await stop.click()
      await operation.getByText('Terminating').waitFor()
      assert.equal(await stop.isDisabled(), true)
    }))

  test('goes back to an entry of the history, and forward again', () =>
    site.visit(path, {}, async page => {
      await page.getByTestId('reason').waitFor()
      await page.keyboard.press('h')
      const history = page.getByRole('dialog', { name: 'History of storefront' })
      assert.deepEqual(
        (await history.getByRole('listitem').allTextContents()).map(text => text.slice(0, 8)),
        [`6${site.fixture.apps.get(key).revision.slice(0, 7)}`, '55b2d8c6', '44f1c9a7'],
      )
      await history.getByRole('button', { name: 'Roll back to entry 5' }).click()
      const form = page.getByRole('dialog', { name: 'Roll storefront back to entry 5' })
      await form.getByRole('textbox', { name: 'Why' }).fill('checkout is slow')
      await form.getByRole('combobox', { name: 'Pin it' }).selectOption('for 1 day')
      await form.getByRole('checkbox', { name: 'End the pin when a newer commit arrives' }).check()
      await form.getByRole('button', { name: 'Roll back to 5b2d8c6' }).click()
      await page.getByText('storefront is rolled back to 5b2d8c6').waitFor()
      const { until, ...body } = site.fixture.lastRollback.body
      assert.deepEqual(body, { id: 5, prune: false, reason: 'checkout is slow', untilNewerCommit: true })
      assert.ok(Math.abs(Date.parse(until) - Date.now() - 86_400_000) < 60_000, until)
      const pin = page.getByRole('region', { name: 'Pin' })
      assert.match(
        await pin.textContent(),
        /Pinned to 5b2d8c6, entry 5 of the history.*checkout is slow.*by local.*or with a newer commit/,
      )
      await pin.getByRole('button', { name: 'Unpin' }).click()
      await pin.waitFor({ state: 'detached' })
    }))

  test('tells what a sync waits for, and confirms deletions', () =>
    site.visit(path, {}, async page => {
      await page.getByTestId('reason').waitFor()
      const waiting = {
        type: 'SyncWaiting',
        message: 'for application argocd/db: it is Progressing',
        lastTransitionTime: '',
      }
      site.fixture.changeApp(key, { conditions: [waiting], confirm: 1 })
      await page
        .getByRole('region', { name: 'What the sync waits for' })
        .getByText('for application argocd/db')
        .waitFor()
      await page.getByRole('button', { name: 'Confirm deletions' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Delete 1' }).click()
      await page.getByRole('region', { name: 'Deletions to confirm' }).waitFor({ state: 'detached' })
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
