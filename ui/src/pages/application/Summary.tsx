import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { AppRow, Cause, ResourceNode } from '../../api/model'
import { useWords } from '../../i18n'
import { causeSentence } from '../../i18n/cause'
import type { Messages } from '../../i18n/en'
import { instant } from '../../i18n/format'
import { useNow } from '../../parts/clock'
import { ExternalLinks } from '../../parts/ExternalLinks'
import { Ago, Since } from '../../parts/Time'
import { namedUrls } from '../../parts/url'
import { groupVersion } from '../describe'
import { useNodeHref } from './Cause'
import { DriftList } from './diff/DriftList'
import styles from './Inspector.module.css'
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
      <section>
        <h3>{t.inspector.why}</h3>
        <p className={styles.why}>{why(node, t)}</p>
      </section>
      {node.cause && <CauseSection app={app} node={node} cause={node.cause} />}
      {unwell && !node.missing && <Warnings app={app} node={node} />}
      {isRollout(node) && <RolloutPanel app={app} node={node} />}
      <Drift node={node} />
      <Links node={node} />
      <Facts node={node} />
    </div>
  )
}

/** What is at the bottom of it, among what the object owns. */
function CauseSection({ app, node, cause }: { app: AppRow; node: ResourceNode; cause: Cause }) {
  const { t } = useWords()
  const other = cause.at && cause.at.id !== node.id ? cause.at : undefined
  const href = useNodeHref(app, other?.id ?? '')
  return (
    <section>
      <h3>{t.cause.label}</h3>
      <p className={styles.why}>
        {causeSentence(cause, t)}
        <Since className="muted" time={cause.since} />
      </p>
      {other && (
        <p>
          <Link href={href}>{`${other.kind} ${other.name}`}</Link>
        </p>
      )}
    </section>
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
