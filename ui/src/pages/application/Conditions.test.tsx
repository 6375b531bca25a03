import { cleanup, render, screen } from '@testing-library/react'
import { afterEach, describe, expect, it } from 'vitest'
import { WordsProvider } from '../../i18n'
import { en } from '../../i18n/en'
import { appRow } from '../../testing/rows'
import { Conditions } from './Conditions'

const show = (conditions: { type: string; message: string; lastTransitionTime: string }[]) =>
  render(
    <WordsProvider initial={{ language: 'en', messages: en }}>
      <Conditions app={appRow({ conditions })} />
    </WordsProvider>,
  )

describe('Conditions', () => {
  afterEach(cleanup)

  it('tells what to do about a known condition', () => {
    show([{ type: 'SyncError', message: 'failed 5 times', lastTransitionTime: '' }])
    expect(screen.getByText('failed 5 times')).toBeTruthy()
    expect(screen.getByText(en.advice.SyncError)).toBeTruthy()
  })

  it('has a word for a condition it does not know', () => {
    show([{ type: 'BrandNewError', message: '', lastTransitionTime: '' }])
    expect(screen.getByText(en.advice.other)).toBeTruthy()
  })

  it('is absent where there is none', () => {
    expect(show([]).container.innerHTML).toBe('')
  })
})
