import { cleanup, render, screen } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { fetchEvents } from '../../../api/commands'
import type { Cause } from '../../../api/model'
import { WordsProvider } from '../../../i18n'
import { en } from '../../../i18n/en'
import { appRow, resourceNode } from '../../../testing/rows'
import { Causes } from './Causes'
import { Events, Warnings } from './Events'

const node = resourceNode({ kind: 'Pod', name: 'api-1', uid: 'u1', health: 'Degraded' })

function server(items: unknown) {
  const asked = vi.fn(async (_path: string) => new Response(JSON.stringify({ items })))
  vi.stubGlobal('fetch', asked)
  return asked
}

const show = (what: React.ReactNode) =>
  render(<WordsProvider initial={{ language: 'en', messages: en }}>{what}</WordsProvider>)

describe('events', () => {
  afterEach(() => {
    cleanup()
    vi.unstubAllGlobals()
  })

  it('come the newest first, from both kinds of fields', async () => {
    const asked = server([
      {
        reason: 'Old',
        message: 'm',
        type: 'Normal',
        count: 2,
        firstTimestamp: '2026-01-01T00:00:00Z',
        lastTimestamp: '2026-01-01T00:01:00Z',
      },
      {
        reason: 'New',
        type: 'Warning',
        firstTimestamp: null,
        lastTimestamp: null,
        eventTime: '2026-01-01T00:02:00.000000Z',
        series: { count: 7, lastObservedTime: '2026-01-01T00:09:00Z' },
      },
      { reason: 'Bare' },
    ])
    const events = await fetchEvents(appRow(), node, new AbortController().signal)
    expect(events.map(({ reason, count, first, last }) => [reason, count, first, last])).toEqual([
      ['New', 7, '2026-01-01T00:02:00.000000Z', '2026-01-01T00:09:00Z'],
      ['Old', 2, '2026-01-01T00:00:00Z', '2026-01-01T00:01:00Z'],
      ['Bare', 1, '', ''],
    ])
    expect(asked.mock.calls[0]?.[0]).toBe(
      '/api/v1/applications/shop/events?appNamespace=argocd&resourceNamespace=shop&resourceName=api-1&resourceUID=u1',
    )
  })

  it('are shown, warnings with a sign; only these beside a state', async () => {
    server([
      { reason: 'Pulling', message: 'pulling it', type: 'Normal' },
      { reason: 'BackOff', message: 'backing off', type: 'Warning', count: 17 },
    ])
    show(<Events app={appRow()} node={node} />)
    expect((await screen.findAllByRole('listitem')).map(item => item.textContent)).toEqual([
      'Pullingpulling it',
      'BackOff · 17×backing off',
    ])
    cleanup()
    show(<Warnings app={appRow()} node={node} />)
    await screen.findByText('backing off')
    expect(screen.queryByText('pulling it')).toBeNull()
  })

  it('are not asked for of what is not there', () => {
    const asked = server([])
    show(<Events app={appRow()} node={{ ...node, uid: '' }} />)
    expect(screen.getByText(en.events.absent)).toBeTruthy()
    expect(asked).not.toHaveBeenCalled()
  })

  it('say so where there are none', async () => {
    server([])
    show(<Events app={appRow()} node={node} />)
    await screen.findByText(en.events.none)
  })
})

describe('causes of an object', () => {
  afterEach(() => {
    cleanup()
    vi.unstubAllGlobals()
  })

  const name = (kind: string, called: string) => ({
    id: `/${kind}/shop/${called}`,
    group: '',
    kind,
    namespace: 'shop',
    name: called,
  })
  const cause: Cause = {
    object: { ...name('Deployment', 'api'), id: node.id },
    at: null,
    code: 'imagePull',
    params: {},
    text: '2 pods ErrImagePull x:1',
    since: '',
    more: 1,
  }

  it('stand there at once, and with what the server reads', async () => {
    server([
      {
        ...cause,
        objects: [name('Pod', 'a'), name('Pod', 'b')],
        restarts: 4,
        message: '',
        event: { reason: 'Failed', message: 'manifest unknown', count: 3, firstAt: '', lastAt: '' },
      },
      { ...cause, text: '1 pod is starting', objects: [], restarts: 0, message: '', event: null },
      { ...cause, object: name('Job', 'other'), text: 'failed', objects: [], restarts: 0, message: '', event: null },
    ])
    show(<Causes app={appRow()} node={node} cause={cause} />)
    expect(screen.getByText('2 pods ErrImagePull x:1 (and 1 other cause)')).toBeTruthy()
    await screen.findByText('manifest unknown')
    expect(screen.getByText('1 pod is starting')).toBeTruthy()
    expect(screen.getByText('4 restarts')).toBeTruthy()
    expect(screen.queryByText('failed')).toBeNull()
    expect(screen.getByRole('link', { name: 'Pod b' }).getAttribute('href')).toBe(
      '/applications/argocd/shop?node=%2FPod%2Fshop%2Fb',
    )
  })

  it('stay where the server does not answer', async () => {
    vi.stubGlobal('fetch', async () => new Response('{"message":"no"}', { status: 501 }))
    show(<Causes app={appRow()} node={node} cause={cause} />)
    await Promise.resolve()
    expect(screen.getByText('2 pods ErrImagePull x:1 (and 1 other cause)')).toBeTruthy()
  })
})
