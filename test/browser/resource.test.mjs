import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { Site } from './site.mjs'

const skip = process.env.BASE_URL ? 'needs the fixture server' : false
const key = 'argocd/storefront'
const path = `/applications/${key}`

describe('why a resource is as it is, and what one can do about it', { skip }, () => {
  let site
  before(async () => {
    site = await Site.open({ apps: 20 })
  })
  after(() => site.close())
  beforeEach(() => site.fixture.reset(20))

  const inspector = page => page.getByRole('complementary', { name: 'Resource details' })
  const asked = what => site.fixture.requests.filter(request => request.path.includes(what)).length

  test('a cause leads to its object, from the list and from the page', () =>
    site.visit('/applications', {}, async page => {
      const sentence = 'Deployment cart: 3 pods ImagePullBackOff registry.example.com/checkout/cart:2.7.1'
      await page.getByRole('link', { name: sentence }).click()
      const panel = inspector(page)
      await panel.getByRole('heading', { name: 'cart' }).waitFor()
      await panel.getByRole('button', { name: 'Close' }).click()
      await panel.waitFor({ state: 'detached' })
      await page.getByTestId('reason').getByRole('link', { name: sentence }).click()
      await panel.getByText('3 pods ImagePullBackOff').waitFor()
      assert.equal(new URL(page.url()).searchParams.get('node'), 'apps/Deployment/storefront/cart')
      await panel.getByText('Back-off pulling image').waitFor()
      await panel.getByText('ReplicaSet of cart has timed out progressing.').waitFor()
      await panel
        .getByRole('link', { name: /^Pod cart-/ })
        .first()
        .click()
      await panel.getByRole('heading', { name: /^cart-.*-/ }).waitFor()
    }))

  test('events are asked for when they are looked at', () =>
    site.visit(`${path}?node=apps/Deployment/storefront/web`, {}, async page => {
      await inspector(page).getByText('/spec/replicas').waitFor()
      const before = asked('/events')
      await inspector(page).getByRole('tab', { name: 'Events' }).click()
      await inspector(page).getByText('It is as it was asked for').waitFor()
      assert.equal(asked('/events'), before + 1)
    }))

  test('an action says what to know, runs with its parameters, and tells the outcome', () =>
    site.visit(`${path}?node=apps/Deployment/storefront/web`, { expectErrors: true }, async page => {
      const menu = inspector(page).getByRole('button', { name: 'Actions on Deployment web' })
      await menu.click()
      assert.match(await page.getByRole('menuitem', { name: /^Resume/ }).textContent(), /It is not paused/)
      await page.getByRole('menuitem', { name: 'Scale' }).click()
      const dialog = page.getByRole('dialog', { name: 'Scale: Deployment web' })
      await dialog.getByText('Git says 2 replicas: the application will be OutOfSync.').waitFor()
      const replicas = dialog.getByLabel('replicas')
      assert.equal(await replicas.inputValue(), '3')
      await replicas.fill('5')
      await page.keyboard.press('Enter')
      await page.getByText('Scale of Deployment web: done').waitFor()
      assert.deepEqual(site.fixture.lastAction.resourceActionParameters, [{ name: 'replicas', value: '5' }])
      await menu.click()
      await page.getByRole('menuitem', { name: 'Scale' }).click()
      await replicas.fill('0')
      await dialog.getByRole('button', { name: 'Scale' }).click()
      await page.getByText('Scale of Deployment web failed: permission denied').waitFor()
    }))

  test('a node has the same menu, for the pointer and by key', () =>
    site.visit(path, {}, async page => {
      const cart = page.getByRole('button', { name: /^cart 3 pods/ })
      await cart.click({ button: 'right' })
      await page.getByRole('menuitem', { name: 'Restart' }).waitFor()
      assert.deepEqual(await page.getByRole('menuitem').allTextContents(), [
        'Details',
        'Copy name',
        'Restart',
        'Pause',
        'ResumeIt is not paused.',
        'Scale',
      ])
      await page.keyboard.press('Escape')
      await page.getByRole('menu').waitFor({ state: 'detached' })
      await cart.focus()
      await page.keyboard.press('.')
      await page.getByRole('menuitem', { name: 'Restart' }).waitFor()
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Enter')
      const dialog = page.getByRole('dialog', { name: 'Restart: Deployment cart' })
      await dialog.waitFor()
      await page.keyboard.press('Enter')
      await page.getByText('Restart of Deployment cart: done').waitFor()
      assert.equal(site.fixture.lastAction.action, 'restart')
      await page.goto(`${site.base}${path}?view=list`)
      await page.getByRole('row', { name: /orders-db StatefulSet/ }).click({ button: 'right' })
      await page.getByRole('menuitem', { name: 'Details' }).click()
      await inspector(page).getByRole('heading', { name: 'orders-db' }).waitFor()
    }))

  test('differences are searched, filtered by who set them, and walked through', () =>
    site.visit(path, {}, async page => {
      await page.getByTestId('reason').waitFor()
      await page.keyboard.press('d')
      await page.getByText('6 fields of 5 resources').waitFor()
      const paths = () => page.locator('li[data-place] > p > code').allTextContents()
      const memory = '/spec/template/spec/containers[name=web]/resources/limits/memory'
      const image = '/spec/template/spec/containers[name=reindex]/image'
      assert.deepEqual(await paths(), ['/spec/replicas', memory, image, '/data/api-key'])
      const here = () => page.locator('[data-here="true"]').getAttribute('data-place')
      await page.keyboard.press('n')
      assert.equal(await here(), '/ConfigMap/storefront/currency-config')
      await page.keyboard.press('N')
      assert.equal(await here(), '/Secret/storefront/payment-keys /data/api-key')
      const secret = page.locator('[data-here="true"]')
      assert.match(await secret.textContent(), /The value is secret; desired and live are different\./)
      assert.doesNotMatch(await secret.textContent(), /31f0|a77c/)
      await page.getByText('the API server refuses it').waitFor()
      await page.getByRole('button', { name: 'kubectl-edit 1' }).click()
      await page.getByText('5 of 6 fields').waitFor()
      await page.getByRole('textbox', { name: 'Filter paths' }).fill('/spec/')
      await page.getByText('2 of 6 fields').waitFor()
      assert.deepEqual(await paths(), ['/spec/replicas', image])
      assert.equal(new URL(page.url()).search, '?view=diff&hide=kubectl-edit&find=%2Fspec%2F')
      await page.getByRole('textbox', { name: 'Filter paths' }).fill('nowhere')
      await page.getByRole('button', { name: 'Show all' }).click()
      await page.getByText('6 fields of 5 resources').waitFor()
      await page.getByRole('button', { name: 'web', exact: true }).click()
      await inspector(page).getByRole('heading', { name: 'web' }).waitFor()
    }))

  test('orphaned resources are shown when they are asked for', () =>
    site.visit(path, {}, async page => {
      const toggle = page.getByRole('button', { name: 'Orphaned: 2' })
      await toggle.waitFor()
      assert.equal(await page.locator('[data-orphaned="true"]').count(), 0)
      const condition = { type: 'OrphanedResourceWarning', message: '2 orphaned resources', lastTransitionTime: '' }
      site.fixture.changeApp(key, { conditions: [condition] })
      await page.getByText('name them in the project’s orphanedResources.ignore', { exact: false }).waitFor()
      await page.getByRole('link', { name: 'Show them' }).click()
      assert.equal(await toggle.getAttribute('aria-pressed'), 'true')
      await page.goto(`${page.url()}&view=list&find=debug`)
      assert.match(await page.getByRole('row', { name: /debug-shell/ }).textContent(), /Orphaned/)
    }))

  test('links lead to web servers only, and images can be searched', () =>
    site.visit(path, {}, async page => {
      await page.getByRole('link', { name: /^shop.example.com/ }).waitFor()
      const links = page.locator('header a[target=_blank]')
      assert.deepEqual(await links.evaluateAll(all => all.map(link => [link.href, link.rel])), [
        ['https://shop.example.com/', 'noopener noreferrer'],
        ['https://wiki.example.com/storefront', 'noopener noreferrer'],
      ])
      await page.getByRole('button', { name: '3 images' }).click()
      const dialog = page.getByRole('dialog', { name: 'Images of storefront' })
      await dialog.getByRole('textbox', { name: 'Filter images' }).fill('WEB')
      assert.deepEqual(await dialog.locator('li code').allTextContents(), ['registry.example.com/checkout/web:1.4.7'])
      await dialog.getByRole('link', { name: 'Deployment web' }).click()
      await inspector(page).getByRole('heading', { name: 'web' }).waitFor()
    }))

  test('an aborted Rollout offers the way back, and to try again', () => {
    site.fixture.addAborted()
    return site.visit('/applications/argocd/recommender', {}, async page => {
      const banner = page.getByRole('region', { name: 'Rollout aborted' })
      await banner.getByText('Git says registry.example.com/search/api:2.0.0,', { exact: false }).waitFor()
      await banner.getByRole('button', { name: 'Retry' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Retry' }).click()
      await page.getByText('Retry of Rollout api: done').waitFor()
      assert.equal(site.fixture.lastAction.action, 'retry')
      await page.getByTestId('reason').getByRole('link').click()
      await inspector(page).getByText('Step 3 of 8').waitFor()
      await inspector(page).getByText('Aborted: the stable version is running').waitFor()
      await inspector(page).getByRole('button', { name: 'Skip step' }).click()
      await page.keyboard.press('Enter')
      await page.getByText('Skip step of Rollout api: done').waitFor()
      assert.equal(await inspector(page).getByRole('button', { name: 'Abort' }).isDisabled(), true)
      await banner.getByRole('button', { name: 'Go back to 5b2d8c6' }).click()
      const dialog = page.getByRole('dialog', { name: 'Roll recommender back to entry 5' })
      await dialog.getByRole('button', { name: 'Roll back to 5b2d8c6' }).click()
      await page.getByText('recommender is rolled back to 5b2d8c6').waitFor()
    })
  })

  test('a plan that does nothing says why, and cannot be started', () =>
    site.visit(path, {}, async page => {
      site.fixture.refused = ['Deployment api: spec.selector cannot be changed']
      await page.getByTestId('reason').waitFor()
      await page.keyboard.press('s')
      const dialog = page.getByRole('dialog')
      await dialog.getByText('A sync to this revision does nothing').waitFor()
      await dialog.getByText('Deployment api: spec.selector cannot be changed').waitFor()
      assert.equal(await dialog.getByRole('button', { name: 'Sync exactly this' }).isDisabled(), true)
    }))
})
