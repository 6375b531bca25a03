import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ResourceAction } from '../../../api/model'
import { WordsProvider } from '../../../i18n'
import { en } from '../../../i18n/en'
import { ja } from '../../../i18n/ja'
import { ToastProvider } from '../../../parts/Toasts'
import { appRow, resourceNode } from '../../../testing/rows'
import { ActionMenu } from './ActionMenu'
import { ActionRunner } from './ActionRunner'
import { actionName, fieldType, outcome } from './action'

const node = resourceNode({ group: 'apps', kind: 'Deployment', name: 'api' })
const actions: ResourceAction[] = [
  { name: 'restart' },
  { name: 'resume', disabled: true, note: 'It is not paused.' },
  {
    name: 'scale',
    params: [{ name: 'replicas', default: '3' }],
    note: 'Git says 3 replicas: self-heal will undo this.',
  },
]

/** Answers what is asked: the list, then what a run answers. */
function server(run: { status: number; body: unknown }, list: unknown = { actions }) {
  const asked = vi.fn(async (_path: string, init: RequestInit) =>
    init.method === 'POST'
      ? new Response(JSON.stringify(run.body), { status: run.status })
      : new Response(JSON.stringify(list)),
  )
  vi.stubGlobal('fetch', asked)
  return asked
}

function show(over: Partial<typeof node> = {}) {
  render(
    <WordsProvider initial={{ language: 'en', messages: en }}>
      <ToastProvider>
        <ActionRunner app={appRow()}>
          <ActionMenu app={appRow()} node={{ ...node, ...over }} />
        </ActionRunner>
      </ToastProvider>
    </WordsProvider>,
  )
  return screen.getByRole('button', { name: 'Actions on Deployment api' })
}

describe('the actions of an object', () => {
  afterEach(() => {
    cleanup()
    vi.unstubAllGlobals()
  })

  it('are asked for when the menu is opened, and each time', async () => {
    const asked = server({ status: 200, body: {} })
    const button = show()
    expect(asked).not.toHaveBeenCalled()
    fireEvent.click(button)
    expect(screen.getByText(en.common.loading)).toBeTruthy()
    await screen.findByRole('menuitem', { name: 'Restart' })
    expect(asked.mock.calls[0]?.[0]).toBe(
      '/api/v1/applications/shop/resource/actions?appNamespace=argocd&group=apps&version=v1&kind=Deployment&namespace=shop&resourceName=api',
    )
    expect(document.activeElement?.textContent).toBe('Restart')
    fireEvent.click(button)
    fireEvent.click(button)
    await waitFor(() => expect(asked).toHaveBeenCalledTimes(2))
  })

  it('are disabled with why', async () => {
    server({ status: 200, body: {} })
    fireEvent.click(show())
    const resume = await screen.findByRole('menuitem', { name: /Resume/ })
    expect(resume.textContent).toContain('It is not paused.')
    fireEvent.click(resume)
    expect(screen.queryByRole('dialog')).toBeNull()
  })

  it('run with their parameters, after the note, and tell the outcome', async () => {
    const asked = server({ status: 200, body: { note: 'Self-heal undoes it.' } })
    fireEvent.click(show())
    fireEvent.click(await screen.findByRole('menuitem', { name: 'Scale' }))
    expect(screen.getByRole('note').textContent).toContain('self-heal will undo this')
    const field = screen.getByLabelText<HTMLInputElement>('replicas')
    expect([field.value, field.type]).toEqual(['3', 'number'])
    fireEvent.change(field, { target: { value: '5' } })
    fireEvent.submit(field)
    await screen.findByText('Scale of Deployment api: done · Self-heal undoes it.')
    expect(screen.queryByText(/is running/)).toBeNull()
    const [path, init] = asked.mock.calls[1] ?? []
    expect(path).toBe('/api/v1/applications/shop/resource/actions/v2?appNamespace=argocd')
    expect(JSON.parse(String(init?.body))).toEqual({
      name: 'shop',
      appNamespace: 'argocd',
      namespace: 'shop',
      resourceName: 'api',
      version: 'v1',
      group: 'apps',
      kind: 'Deployment',
      action: 'scale',
      resourceActionParameters: [{ name: 'replicas', value: '5' }],
    })
  })

  it('tell the server’s refusal', async () => {
    server({ status: 403, body: { message: 'permission denied' } })
    fireEvent.click(show())
    fireEvent.click(await screen.findByRole('menuitem', { name: 'Restart' }))
    fireEvent.click(screen.getByRole('button', { name: 'Restart' }))
    await screen.findByText('Restart of Deployment api failed: permission denied')
  })

  it('are none for a kind without, and for what is not in the cluster', async () => {
    const asked = server({ status: 200, body: {} }, { actions: null })
    fireEvent.click(show())
    await screen.findByText(en.actions.none)
    cleanup()
    fireEvent.click(show({ missing: true }))
    expect(screen.getByText(en.actions.none)).toBeTruthy()
    expect(asked).toHaveBeenCalledTimes(1)
  })

  it.each([
    [{ name: 'restart', displayName: 'Restart Pods' }, 'Deployment', 'Restart', '再起動'],
    [{ name: 'resume' }, 'Rollout', 'Promote (resume)', '昇格（再開）'],
    [{ name: 'rotate', displayName: 'Rotate it' }, 'Key', 'Rotate it', 'Rotate it'],
    [{ name: 'toString' }, 'Key', 'toString', 'toString'],
  ])('have names: %j of %s', (action, kind, english, japanese) => {
    const of = resourceNode({ kind })
    expect([actionName(action, of, en), actionName(action, of, ja)]).toEqual([english, japanese])
  })

  it.each([
    ['3', 'number'],
    ['true', 'boolean'],
    ['', 'text'],
    ['3m', 'text'],
  ])('ask for %j as a %s', (value, type) => {
    expect(fieldType({ name: 'x', default: value })).toBe(type)
  })

  it('name what they have made', () => {
    expect(outcome({ created: ['batch/Job/shop/nightly-1'] }, 'done')).toBe('done · Job nightly-1')
    expect(outcome({}, 'done')).toBe('done')
  })
})
