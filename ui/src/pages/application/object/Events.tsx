import { fetchEvents } from '../../../api/commands'
import { type AppRow, appKey, type KubeEvent, type ResourceNode } from '../../../api/model'
import { useWords } from '../../../i18n'
import { Problem } from '../../../parts/Problem'
import { type Requested, useRequest } from '../../../parts/request'
import { Skeleton } from '../../../parts/Skeleton'
import { Status } from '../../../parts/Status'
import { Ago } from '../../../parts/Time'
import styles from './Events.module.css'

/** The events of an object, asked for when somebody looks and again when its state has changed. */
function useEvents(app: AppRow, node: ResourceNode): Requested<readonly KubeEvent[]> {
  const key = node.uid ? `${appKey(app)} ${node.uid} events ${node.health} ${node.message}` : ''
  return useRequest(key, signal => fetchEvents(app, node, signal))
}

/** All that Kubernetes still knows to have happened to an object. */
export function Events({ app, node }: { app: AppRow; node: ResourceNode }) {
  const { t } = useWords()
  const { data, problem, again } = useEvents(app, node)
  if (!node.uid) return <p className={styles.empty}>{t.events.absent}</p>
  if (problem) return <Problem title={t.failure.title} detail={problem} action={t.common.retry} onAction={again} />
  if (!data) return <Skeleton lines={6} />
  if (data.length === 0) return <p className={styles.empty}>{t.events.none}</p>
  return (
    <ol className={styles.events}>
      {data.map(event => (
        <Event key={`${event.reason} ${event.message} ${event.first}`} event={event} />
      ))}
    </ol>
  )
}

const shownWarnings = 3

/** The last warnings of an object that is unwell; nothing where there are none, or they cannot be had. */
export function Warnings({ app, node }: { app: AppRow; node: ResourceNode }) {
  const { t } = useWords()
  const { data } = useEvents(app, node)
  const warnings = (data ?? []).filter(isWarning).slice(0, shownWarnings)
  if (warnings.length === 0) return null
  return (
    <section>
      <h3>{t.events.warnings}</h3>
      <ol className={styles.warnings}>
        {warnings.map(event => (
          <Event key={`${event.reason} ${event.message} ${event.first}`} event={event} />
        ))}
      </ol>
    </section>
  )
}

const isWarning = (event: KubeEvent): boolean => event.type !== 'Normal'

export function Event({ event }: { event: KubeEvent }) {
  const { t } = useWords()
  return (
    <li className={styles.event}>
      <p className={styles.head}>
        {isWarning(event) ? (
          <Status tone="drift" text={event.reason || t.events.warning} />
        ) : (
          <span className={styles.reason}>{event.reason || t.events.normal}</span>
        )}
        <span className="muted">
          <Ago time={event.last} />
          {event.count > 1 && ` · ${t.events.times(event.count)}`}
        </span>
      </p>
      <p className={styles.message}>{event.message}</p>
    </li>
  )
}
