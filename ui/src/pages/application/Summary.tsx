import type { ReactNode } from 'react'
import type { AppRow, ResourceNode } from '../../api/model'
import { useWords } from '../../i18n'
import type { Messages } from '../../i18n/en'
import { instant } from '../../i18n/format'
import { useNow } from '../../parts/clock'
import { ExternalLinks } from '../../parts/ExternalLinks'
import { Ago } from '../../parts/Time'
import { namedUrls } from '../../parts/url'
import { groupVersion } from '../describe'
import { DriftList } from './diff/DriftList'
import styles from './Inspector.module.css'
import { Causes } from './object/Causes'
import { Warnings } from './object/Events'
import { RolloutPanel } from './object/RolloutPanel'
import { isRollout } from './object/rollout'
import { refOf } from './plan'

/** Why the resource is as it is, what differs from Git, and the plain facts. */
export function Summary({ app, node }: { app: AppRow; node: ResourceNode }) {
  const { t } = useWords()
  const unwell = node.health !== '' && node.health !== 'Healthy'
  return (
    <div className={styles.summary}>
      {isRollout(node) && <RolloutPanel app={app} node={node} />}
      <section>
        <h3>{t.inspector.why}</h3>
        <p className={styles.why}>{why(node, t)}</p>
      </section>
      {node.cause && <Causes app={app} node={node} cause={node.cause} />}
      {unwell && !node.missing && <Warnings app={app} node={node} />}
      <Drift node={node} />
      <Links node={node} />
      <Facts node={node} />
    </div>
  )
}

function Links({ node }: { node: ResourceNode }) {
  const { t } = useWords()
  const urls = node.networkingInfo?.externalURLs ?? []
  if (namedUrls(urls).length === 0) return null
  return (
    <section>
      <h3>{t.app.links}</h3>
      <ExternalLinks urls={urls} />
    </section>
  )
}

function why(node: ResourceNode, t: Messages): string {
  if (node.missing) return t.inspector.missing
  if (node.message) return node.message
  if (node.prune) return t.inspector.pruned
  if (node.orphaned) return t.tree.orphanedWhy
  if (node.health === 'Healthy') return t.inspector.healthy
  return node.health ? t.health[node.health] : t.inspector.noRule
}

function Drift({ node }: { node: ResourceNode }) {
  const { t, format } = useWords()
  const now = useNow()
  if (node.orphaned) return null
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
  const owners = (node.parents ?? [node.parent]).filter(Boolean).map(refOf)
  const facts: readonly [string, ReactNode][] = [
    [t.inspector.apiVersion, groupVersion(node)],
    [t.inspector.namespace, node.namespace],
    [t.inspector.owner, owners.map(({ kind, name }) => `${kind} ${name}`).join(', ')],
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
