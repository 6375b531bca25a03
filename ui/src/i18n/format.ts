import type { Language } from '../design/preferences'

export interface Formats {
  /** "4 minutes ago"; empty for a time that is empty or malformed. Times are milliseconds since the epoch or RFC 3339. */
  ago(time: string | number, now: number): string
  /** "4m", "3h", "12d": for columns. Durations are in milliseconds. */
  short(duration: number): string
  /** Date and time to the second, in the reader's zone. */
  exact(time: string): string
  number(value: number): string
}

const units: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 86_400_000],
  ['month', 30 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
]

export function formats(language: Language): Formats {
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
  const date = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' })
  const number = new Intl.NumberFormat(language)
  return {
    ago: (time, now) => {
      const at = typeof time === 'number' ? time : Date.parse(time)
      return Number.isNaN(at) ? '' : relativeTo(relative, at - now)
    },
    short,
    exact: time => {
      const at = Date.parse(time)
      return Number.isNaN(at) ? '' : date.format(at)
    },
    number: value => number.format(value),
  }
}

function relativeTo(relative: Intl.RelativeTimeFormat, difference: number): string {
  const distance = Math.abs(difference)
  for (const [unit, size] of units) {
    if (distance >= size) return relative.format(Math.trunc(difference / size), unit)
  }
  // Seconds would change under the reader's eyes; "now" is as true.
  if (distance < 10_000) return relative.format(0, 'second')
  return relative.format(Math.trunc(difference / 10_000) * 10, 'second')
}

function short(duration: number): string {
  const seconds = Math.max(0, Math.floor(duration / 1000))
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`
  return `${Math.floor(seconds / 86_400)}d`
}

/** Milliseconds since the epoch, or undefined for an empty, malformed or zero time (Go's zero time has the year 1). */
export function instant(time: string | undefined): number | undefined {
  if (!time) return undefined
  const at = Date.parse(time)
  return Number.isNaN(at) || at <= 0 ? undefined : at
}
