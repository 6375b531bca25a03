import { useEffect, useRef } from 'react'

/** "j", "?", "g a" (one after the other), "Escape", " " */
export type Bindings = Readonly<Record<string, (event: KeyboardEvent) => void>>

const chordWindow = 1000

/** Binds keys to the page while the component is mounted; a key that was acted upon goes no further. Keys meant for a field, an open dialog, a running input-method
 * composition or the browser are left alone. */
export function useKeys(bindings: Bindings): void {
  const latest = useRef(bindings)
  latest.current = bindings
  useEffect(() => {
    const chord = { prefix: '', at: 0 }
    const onKey = (event: KeyboardEvent): void => handleKey(event, latest.current, chord)
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
}

interface Chord {
  prefix: string
  at: number
}

/** Exported for tests. */
export function handleKey(event: KeyboardEvent, bindings: Bindings, chord: Chord): void {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return
  if (isField(event.target) || document.querySelector('dialog[open]')) return
  const fresh = chord.prefix !== '' && event.timeStamp - chord.at < chordWindow
  const keys = fresh ? `${chord.prefix} ${event.key}` : event.key
  chord.prefix = ''
  const action = bindings[keys] ?? bindings[event.key]
  if (action) {
    event.preventDefault()
    action(event)
    return
  }
  if (Object.keys(bindings).some(binding => binding.startsWith(`${event.key} `) && binding.length > 1)) {
    chord.prefix = event.key
    chord.at = event.timeStamp
  }
}

function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || target.matches('input:not([type=checkbox]):not([type=radio]), textarea, select')
}
