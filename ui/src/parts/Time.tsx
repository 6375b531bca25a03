import { useWords } from '../i18n'
import { instant } from '../i18n/format'
import { useNow } from './clock'

/** A moment as the distance from now, with the exact time at hand. Renders nothing for an unknown time. */
export function Ago({ time }: { time: string }) {
  const { format } = useWords()
  const now = useNow()
  const at = instant(time)
  if (at === undefined) return null
  return (
    <time dateTime={time} title={format.exact(time)}>
      {format.ago(at, now)}
    </time>
  )
}

/** The same in two or three characters, for columns. */
export function Age({ time }: { time: string }) {
  const { format } = useWords()
  const now = useNow()
  const at = instant(time)
  if (at === undefined) return null
  return (
    <time dateTime={time} title={format.exact(time)}>
      {format.short(now - at)}
    </time>
  )
}
