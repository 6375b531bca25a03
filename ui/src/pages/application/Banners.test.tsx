import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AppRow } from '../../api/model'
import { WordsProvider } from '../../i18n'
import { en } from '../../i18n/en'
import { ToastProvider } from '../../parts/Toasts'
import { appRow } from '../../testing/rows'
import { Banners } from './Banners'

const show = (over: Partial<AppRow>) =>
  render(
    <WordsProvider initial={{ language: 'en', messages: en }}>
      <ToastProvider>
        <Banners app={appRow(over)} />
      </ToastProvider>
    </WordsProvider>,
  )

const pin = {
  revision: '0123456789abcdef0123456789abcdef01234567',
  history: 3,
  by: 'anna',
  reason: 'checkout is slow',
  until: '',
  untilNewer: true,
  problem: '',
}

/** What the page asks of the server, answered with a status. */
function server(status: number) {
  const asked = vi.fn(async (path: string, init: RequestInit) => {
    void [path, init]
    return new Response(status === 200 ? '{}' : '{"message":"it is not pinned"}', { status })
  })
  vi.stubGlobal('fetch', asked)
  return asked
}

describe('Banners', () => {
  afterEach(() => {
    cleanup()
    vi.unstubAllGlobals()
  })

  it('are absent where nothing holds the application', () => {
    show({})
    expect(screen.queryAllByRole('region')).toEqual([])
  })

  it('tell who pinned, why and until when, and unpin', async () => {
    const asked = server(200)
    show({ pin })
    const text = screen.getByRole('region', { name: 'Pin' }).textContent
    for (const part of ['0123456', 'entry 3', 'checkout is slow', 'by anna', 'ends with a newer commit'])
      expect(text).toContain(part)
    fireEvent.click(screen.getByRole('button', { name: 'Unpin' }))
    await screen.findByText('shop is not pinned any more')
    const [path, init] = asked.mock.calls[0] ?? []
    expect(path).toBe('/api/v1/applications/shop/pin?appNamespace=argocd')
    expect(init).toMatchObject({ method: 'DELETE', headers: { 'Content-Type': 'application/json' } })
  })

  it('say why a pin could not be removed', async () => {
    server(409)
    show({ pin })
    fireEvent.click(screen.getByRole('button', { name: 'Unpin' }))
    await screen.findByText('The pin could not be removed: it is not pinned')
  })

  it('say what is wrong with a pin that cannot be read', () => {
    show({ pin: { ...pin, problem: '"main" is no full commit id' } })
    expect(screen.getByText('"main" is no full commit id')).toBeTruthy()
  })

  it('tell what a sync waits for', () => {
    show({ conditions: [{ type: 'SyncWaiting', message: 'for argocd/db', lastTransitionTime: '' }] })
    expect(screen.getByRole('region', { name: 'What the sync waits for' }).textContent).toContain('for argocd/db')
  })

  it('confirm deletions only after a second look', async () => {
    const asked = server(200)
    show({ confirm: 2 })
    fireEvent.click(screen.getByRole('button', { name: 'Confirm deletions' }))
    expect(asked).not.toHaveBeenCalled()
    fireEvent.click(screen.getByRole('button', { name: 'Delete 2' }))
    await waitFor(() => expect(asked.mock.calls[0]?.[0]).toBe('/api/ui/v1/applications/argocd/shop/confirm'))
  })
})
