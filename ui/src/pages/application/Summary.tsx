import type { ReactNode } from 'react'
import type { ResourceNode } from '../../api/model'
import { useWords } from '../../i18n'
import type { Messages } from '../../i18n/en'
import { instant } from '../../i18n/format'
import { useNow } from '../../parts/clock'
import { Ago } from '../../parts/Time'
import { groupVersion } from '../describe'
import { DriftList } from './DriftList'
import styles from './Inspector.module.css'
import { refOf } from './plan'

/** Why the resource is as it is, what differs from Git, and the plain facts. */
export function Summary({ node }: { node: ResourceNode }) {
  const { t } = useWords()
  return (
    <div className={styles.summary}>
      <section>
        <h3>{t.inspector.why}</h3>
        <p className={styles.why}>{why(node, t)}</p>
      </section>
      <Drift node={node} />
      <Facts node={node} />
    </div>
  )
}

function why(node: ResourceNode, t: Messages): string {
  if (node.missing) return t.inspector.missing
  if (node.message) return node.message
  if (node.prune) return t.inspector.pruned
  if (node.health === 'Healthy') return t.inspector.healthy
  return node.health ? t.health[node.health] : t.inspector.noRule
}

function Drift({ node }: { node: ResourceNode }) {
  const { t, format } = useWords()
  const now = useNow()
  if (!node.managed) return <p className="muted">{node.hook ? t.tree.hook : t.tree.unmanaged}</p>
  const since = instant(node.outOfSyncSince)
  return (
    <section>
      <h3>{t.inspector.drift}</h3>
      {since !== undefined && (
        <p className="muted" title={format.exact(node.outOfSyncSince)}>
          {t.inspector.driftSince(format.ago(since, now))}
        </p>
      )}
      {node.sync === 'Synced' && <p>{t.inspector.noDrift}</p>}
      {node.prune && node.message && <p>{t.inspector.pruned}</p>}
      <DriftList changes={node.drift} />
    </section>
  )
}

function Facts({ node }: { node: ResourceNode }) {
  const { t } = useWords()
  const owner = refOf(node.parent)
  const facts: readonly [string, ReactNode][] = [
    [t.inspector.apiVersion, groupVersion(node)],
    [t.inspector.namespace, node.namespace],
    [t.inspector.owner, node.parent && `${owner.kind} ${owner.name}`],
    [t.inspector.wave, node.managed && String(node.wave)],
    [t.inspector.created, node.createdAt && <Ago time={node.createdAt} />],
    ...node.info.map(({ name, value }): [string, ReactNode] => [name, value]),
    [t.inspector.images, node.images.length > 0 && node.images.map(image => <code key={image}>{image}</code>)],
    [t.inspector.uid, node.uid && <code>{node.uid}</code>],
  ]
  return (
    <dl className={styles.facts}>
      {facts
        .filter(([, value]) => Boolean(value))
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}
