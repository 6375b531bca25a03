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

/** "Since now" tells nobody anything. */
const worthTelling = 60_000

/** "· since 4 minutes ago", behind what is so since then. The age moves, the row that carries the time does not. */
export function Since({ time, className }: { time: string; className?: string }) {
  const { t, format } = useWords()
  const now = useNow()
  const at = instant(time)
  if (at === undefined || now - at < worthTelling) return null
  return (
    <time className={className} dateTime={time} title={format.exact(time)}>
      {' · '}
      {t.app.since(format.ago(at, now))}
    </time>
  )
}
