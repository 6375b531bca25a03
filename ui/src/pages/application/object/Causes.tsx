import { Link } from 'wouter'
import { fetchCauses } from '../../../api/commands'
import { type AppRow, appKey, type Cause, type Explained, type ObjectName, type ResourceNode } from '../../../api/model'
import { useWords } from '../../../i18n'
import { causeSentence } from '../../../i18n/cause'
import { useRequest } from '../../../parts/request'
import { Since } from '../../../parts/Time'
import { useNodeHref } from '../Cause'
import { Event } from './Events'
import styles from './Events.module.css'

/** What is at the bottom of it, among what the object owns. What the tree tells stands there at once; the objects in
 * trouble and the last warning about them follow when the server has read them. */
export function Causes({ app, node, cause }: { app: AppRow; node: ResourceNode; cause: Cause }) {
  const { t } = useWords()
  const key = `${appKey(app)} ${node.id} cause ${JSON.stringify(cause)}`
  const { data } = useRequest(key, signal => fetchCauses(app, signal))
  const found = (data ?? []).filter(one => one.object.id === node.id)
  const causes: readonly (Cause | Explained)[] = found.length > 0 ? found : [cause]
  return (
    <section>
      <h3>{t.cause.label}</h3>
      {causes.map(one => (
        <OneCause key={`${one.code} ${one.text}`} app={app} node={node} cause={one} all={found.length > 0} />
      ))}
    </section>
  )
}

interface OneCauseProps {
  app: AppRow
  node: ResourceNode
  cause: Cause | Explained
  /** Whether the others stand beside it. */
  all: boolean
}

/** So many of the objects in trouble are named. */
const named = 5

function OneCause({ app, node, cause, all }: OneCauseProps) {
  const { t } = useWords()
  const known = 'objects' in cause ? cause : undefined
  const others = (known?.objects ?? (cause.at ? [cause.at] : [])).filter(({ id }) => id !== node.id)
  const event = known?.event
  return (
    <div className={styles.cause}>
      <p>
        {causeSentence(all ? { ...cause, more: 0 } : cause, t)}
        <Since className="muted" time={cause.since} />
      </p>
      {others.length > 0 && (
        <p className={styles.objects}>
          {others.slice(0, named).map(other => (
            <Place key={other.id} app={app} object={other} />
          ))}
          {others.length > named && <span className="muted">{t.list.more(others.length - named)}</span>}
        </p>
      )}
      {known && known.restarts > 0 && <p className="muted">{t.cause.restarts(known.restarts)}</p>}
      {event && (
        <ul className={styles.warnings}>
          <Event event={{ ...event, type: 'Warning', first: event.firstAt, last: event.lastAt }} />
        </ul>
      )}
    </div>
  )
}

function Place({ app, object }: { app: AppRow; object: ObjectName }) {
  const href = useNodeHref(app, object.id)
  return (
    <Link href={href}>
      {object.kind} {object.name}
    </Link>
  )
}
