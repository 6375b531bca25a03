import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Site } from './site.mjs'

/** Where the Go test beside this file, which runs a real Evenkeel for it, takes orders. */
const control = process.env.JOURNEY
const skip = control ? false : 'needs a real Evenkeel: go test ./test/browser'

/** Has the Go test commit, or change the cluster, as nobody does by the web UI. */
async function order(path) {
  const answer = await fetch(`${control}/${path}`, { method: 'POST' })
  assert.ok(answer.ok, `${path}: ${await answer.text()}`)
}

describe('a real Evenkeel', { skip }, () => {
  let site
  before(async () => {
    site = await Site.open()
  })
  after(() => site.close())

  test('is synced to just the plan that was shown, drifts, moves on, goes back and forward', () =>
    site.visit('/applications/argocd/web', { expectErrors: true }, async page => {
      const state = page.locator('header').filter({ has: page.getByRole('heading', { level: 1, name: 'web' }) })
      const dialog = page.getByRole('dialog')
      const plan = dialog.getByRole('region', { name: 'Plan' })
      const operation = page.getByRole('region', { name: 'Last operation' })
      const synced = () => state.getByText('Synced', { exact: true }).waitFor()
      const differs = () => state.getByText('OutOfSync', { exact: true }).waitFor()

      // Nothing is there yet.
      await differs()
      await page.keyboard.press('s')
      await plan.getByRole('heading', { name: 'PreSync wave 0' }).waitFor()
      assert.match(await plan.textContent(), /1 run · 2 create/)
      assert.match(await plan.getByRole('listitem').filter({ hasText: 'settings' }).last().textContent(), /create/)
      await dialog.getByRole('button', { name: 'Sync exactly this' }).click()
      await synced()
      await operation.getByText('3 results').waitFor()
      await operation.getByText('Succeeded', { exact: true }).waitFor()
      assert.match(
        await operation.getByRole('listitem').filter({ hasText: 'migrate' }).last().textContent(),
        /hook.*succeeded/,
      )

      await page.getByRole('button', { name: /^migrate Job.* Healthy, hook$/ }).waitFor() // and not OutOfSync

      // A newer commit; and while its plan is looked at, somebody changes the cluster.
      await order('commit/v2')
      await page.keyboard.press('r')
      await differs()
      await page.keyboard.press('s')
      await plan.getByText('Differs at', { exact: false }).waitFor()
      await order('drift')
      await dialog.getByRole('button', { name: 'Sync exactly this' }).click()
      await dialog.getByText('This is the new plan', { exact: false }).waitFor()
      await dialog.getByRole('button', { name: 'Sync exactly this' }).click()
      await dialog.waitFor({ state: 'detached' })
      await synced()
      await order('has/v2')

      // Back, pinned, and forward again.
      await page.keyboard.press('h')
      await dialog.getByRole('button', { name: 'Roll back to entry 0' }).click()
      await dialog.getByRole('textbox', { name: 'Why' }).fill('it is slow')
      await dialog.getByRole('button', { name: /^Roll back to / }).click()
      const pin = page.getByRole('region', { name: 'Pin' })
      await pin.getByText('it is slow').waitFor()
      await synced()
      await order('has/v1')
      await pin.getByRole('button', { name: 'Unpin' }).click()
      await pin.waitFor({ state: 'detached' })
      await differs()
    }))
})
