import { useSyncExternalStore } from 'react'

/** One timer for all times on the page; it runs only while something shows one. */
function makeClock(interval: number) {
  const listeners = new Set<() => void>()
  let timer: ReturnType<typeof setInterval> | undefined
  let now = Date.now()
  const tick = (): void => {
    now = Date.now()
    for (const listener of listeners) listener()
  }
  return {
    now: (): number => now,
    subscribe: (listener: () => void): (() => void) => {
      if (listeners.size === 0) {
        now = Date.now()
        timer = setInterval(tick, interval)
      }
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) clearInterval(timer)
      }
    },
  }
}

const coarse = makeClock(10_000)
const fine = makeClock(1000)

/** The time in milliseconds, renewed each ten seconds; each second where a countdown is shown. */
export function useNow(resolution: 'coarse' | 'fine' = 'coarse'): number {
  const clock = resolution === 'fine' ? fine : coarse
  return useSyncExternalStore(clock.subscribe, clock.now)
}
