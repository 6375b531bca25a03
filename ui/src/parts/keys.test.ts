import { afterEach, describe, expect, it, vi } from 'vitest'
import { handleKey } from './keys'

function press(key: string, init: KeyboardEventInit & { target?: Element } = {}): KeyboardEvent {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, ...init })
  ;(init.target ?? document.body).dispatchEvent(event)
  return event
}

describe('handleKey', () => {
  afterEach(() => document.body.replaceChildren())

  it('runs what is bound', () => {
    const run = vi.fn()
    handleKey(press('s'), { s: run }, { prefix: '', at: 0 })
    expect(run).toHaveBeenCalledTimes(1)
  })

  it('runs a chord, and only if its keys follow one another soon', () => {
    const run = vi.fn()
    const chord = { prefix: '', at: 0 }
    handleKey(press('g'), { 'g a': run }, chord)
    handleKey(press('a'), { 'g a': run }, chord)
    expect(run).toHaveBeenCalledTimes(1)
    handleKey(press('a'), { 'g a': run }, chord)
    handleKey(press('g'), { 'g a': run }, chord)
    chord.at -= 5000
    handleKey(press('a'), { 'g a': run }, chord)
    expect(run).toHaveBeenCalledTimes(1)
  })

  it.each(['input', 'textarea', 'select'])('leaves keys typed into a %s alone', name => {
    const field = document.body.appendChild(document.createElement(name))
    const run = vi.fn()
    handleKey(press('s', { target: field }), { s: run }, { prefix: '', at: 0 })
    expect(run).not.toHaveBeenCalled()
  })

  it('leaves a composition of the input method, the browser’s own keys and dialogs alone', () => {
    const run = vi.fn()
    const chord = { prefix: '', at: 0 }
    handleKey(press('s', { isComposing: true }), { s: run }, chord)
    handleKey(press('s', { ctrlKey: true }), { s: run }, chord)
    handleKey(press('s', { metaKey: true }), { s: run }, chord)
    document.body.appendChild(document.createElement('dialog')).setAttribute('open', '')
    handleKey(press('s'), { s: run }, chord)
    expect(run).not.toHaveBeenCalled()
  })
})
