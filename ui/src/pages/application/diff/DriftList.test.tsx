import { cleanup, render, screen } from '@testing-library/react'
import { afterEach, describe, expect, it } from 'vitest'
import type { Change } from '../../../api/model'
import { WordsProvider } from '../../../i18n'
import { en } from '../../../i18n/en'
import { ToastProvider } from '../../../parts/Toasts'
import { DriftList } from './DriftList'

const show = (over: Partial<Change>) => {
  const change = { path: '/spec/a', desired: 'x', live: 'y', manager: 'kubectl', at: '', ...over }
  render(
    <WordsProvider initial={{ language: 'en', messages: en }}>
      <ToastProvider>
        <DriftList changes={[change]} />
      </ToastProvider>
    </WordsProvider>,
  )
  return screen.getByRole('listitem').textContent ?? ''
}

describe('a difference', () => {
  afterEach(cleanup)

  it('has a path, both values, and who set the live one', () => {
    expect(show({ live: '' })).toBe('/spec/aDesiredxLive(absent)kubectl, time unknown')
  })

  it('of secret values shows none, and that they differ', () => {
    const text = show({ desired: '•••••• (31f0)', live: '•••••• (a77c)' })
    expect(text).not.toMatch(/31f0|a77c/)
    expect(text).toContain(en.diff.maskedDifferent)
  })

  it('of secret values on one side says nothing of equality', () => {
    const text = show({ desired: '•••••• (31f0)', live: '' })
    expect(text).not.toContain(en.diff.maskedDifferent)
    expect(text).toContain(`${en.diff.hidden}Live(absent)`)
  })

  it.each(['replaced', 'refused'] as const)('that cannot be made is marked: %s', immutable => {
    const text = show({ immutable })
    expect(text).toContain(en.diff.immutable)
    expect(text).toContain(en.diff[immutable])
  })

  it('that an autoscaler makes comes with the line to write', () => {
    const text = show({
      advice: 'set by a HorizontalPodAutoscaler; … evenkeel.autoscaledReplicas: "ignore" in argocd-cm',
    })
    expect(text).toContain(`${en.diff.autoscaled('')}evenkeel.autoscaledReplicas: "ignore"Copy`)
    expect(text).not.toContain('HorizontalPodAutoscaler;')
  })

  it('that a known autoscaler makes names it', () => {
    const advice = 'set by HorizontalPodAutoscaler web; … evenkeel.autoscaledReplicas: "ignore" in argocd-cm'
    expect(show({ advice })).toContain('HorizontalPodAutoscaler web sets this.')
  })

  it('says what else there is to know', () => {
    expect(show({ advice: 'set it once' })).toContain('set it once')
  })
})
