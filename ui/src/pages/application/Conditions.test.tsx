import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AppRow, Condition, Problem } from '../../api/model'
import { WordsProvider } from '../../i18n'
import { en } from '../../i18n/en'
import { ToastProvider } from '../../parts/Toasts'
import { appRow } from '../../testing/rows'
import { Conditions } from './Conditions'

const show = (conditions: Condition[], over: Partial<AppRow> = {}) =>
  render(
    <WordsProvider initial={{ language: 'en', messages: en }}>
      <ToastProvider>
        <Conditions app={appRow({ conditions, ...over })} />
      </ToastProvider>
    </WordsProvider>,
  )

const answer = (items: Problem[]) => {
  const asked = vi.fn(async (_path: string) => new Response(JSON.stringify({ items })))
  vi.stubGlobal('fetch', asked)
  return asked
}

describe('Conditions', () => {
  afterEach(() => {
    cleanup()
    vi.unstubAllGlobals()
  })

  const cut: Condition = { type: 'ComparisonError', message: 'a.yaml: first …', lastTransitionTime: '', more: true }

  it('asks for the whole of a condition only when somebody wants to see it', async () => {
    const asked = answer([
      { type: 'ComparisonError', message: 'another', text: 'another' },
      { type: 'ComparisonError', message: cut.message, text: 'a.yaml: first\n  second' },
    ])
    show([cut])
    expect(asked).not.toHaveBeenCalled()
    fireEvent.click(screen.getByRole('button', { name: en.app.showWhole }))
    expect((await screen.findByText(/second/)).textContent).toBe('a.yaml: first\n  second')
    expect(asked.mock.calls[0]?.[0]).toMatch(/^\/api\/v1\/applications\/[^/]+\/problems\?appNamespace=/)
    expect(screen.getByRole('button', { name: `${en.common.copy}: ComparisonError` })).toBeTruthy()
    fireEvent.click(screen.getByRole('button', { name: en.app.hideWhole }))
    expect(screen.queryByText(/second/)).toBeNull()
  })

  it('says so where the condition is another one by now', async () => {
    answer([{ type: 'ComparisonError', message: 'another', text: 'another' }])
    show([cut])
    fireEvent.click(screen.getByRole('button', { name: en.app.showWhole }))
    expect(await screen.findByText(en.app.wholeGone)).toBeTruthy()
  })

  it('has no button where there is no more', () => {
    show([{ ...cut, more: false }])
    expect(screen.queryByRole('button')).toBeNull()
  })

  it('tells what to do about a known condition', () => {
    show([{ type: 'SyncError', message: 'failed 5 times', lastTransitionTime: '' }])
    expect(screen.getByText('failed 5 times')).toBeTruthy()
    expect(screen.getByText(en.advice.SyncError)).toBeTruthy()
  })

  it('leaves to the banner what it tells, and only that', () => {
    const aborted: Condition = {
      type: 'RolloutAborted',
      message: 'Rollout shop/api was aborted',
      lastTransitionTime: '',
    }
    show([aborted])
    expect(screen.getByText(en.advice.RolloutAborted)).toBeTruthy()
    cleanup()
    const object = {
      id: 'argoproj.io/Rollout/shop/api',
      group: 'argoproj.io',
      kind: 'Rollout',
      namespace: 'shop',
      name: 'api',
    }
    show([aborted], { cause: { object, at: null, code: 'aborted', params: {}, text: '', since: '', more: 0 } })
    expect(screen.queryByText(en.advice.RolloutAborted)).toBeNull()
  })

  it('has a word for a condition it does not know', () => {
    show([{ type: 'BrandNewError', message: '', lastTransitionTime: '' }])
    expect(screen.getByText(en.advice.other)).toBeTruthy()
  })

  it('is absent where there is none', () => {
    show([])
    expect(screen.queryByRole('list', { name: en.app.conditions })).toBeNull()
  })
})
