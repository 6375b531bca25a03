import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { fetchDiff } from '../../api/commands'
import { type AppRow, appKey, type ResourceNode } from '../../api/model'
import { useWords } from '../../i18n'
import { Icon } from '../../parts/Icon'
import { kindBadge } from '../../parts/kind'
import { Notice, Problem } from '../../parts/Problem'
import { useRequest } from '../../parts/request'
import { Skeleton } from '../../parts/Skeleton'
import { Health, Status, Sync } from '../../parts/Status'
import { Yaml } from '../../parts/Yaml'
import { ActionMenu } from './actions/ActionMenu'
import styles from './Inspector.module.css'
import { Events } from './object/Events'
import { refOf } from './plan'
import { Summary } from './Summary'

const tabs = ['summary', 'events', 'live', 'desired'] as const
type Tab = (typeof tabs)[number]

interface InspectorProps {
  app: AppRow
  id: string
  /** Undefined where the resource is not there (any more). */
  node: ResourceNode | undefined
  loaded: boolean
  onClose(): void
}

/** One resource beside the tree: its state and why, what differs, both manifests. */
export function Inspector({ app, id, node, loaded, onClose }: InspectorProps) {
  const { t } = useWords()
  const [tab, setTab] = useState<Tab>('summary')
  const base = useId()
  const panel = useRef<HTMLElement>(null)
  useEffect(() => {
    // On a narrow screen the inspector covers the page; it must be seen at once.
    panel.current?.scrollIntoView({ block: 'nearest' })
  }, [])
  const ref = refOf(id)
  return (
    <aside ref={panel} className={styles.inspector} aria-label={t.inspector.label}>
      <header className={styles.header}>
        <span className={styles.badge}>{kindBadge(ref.kind)}</span>
        <div className={styles.names}>
          <h2>{ref.name}</h2>
          <p className="muted">
            {ref.kind}
            {ref.namespace && ` · ${ref.namespace}`}
          </p>
        </div>
        {node && <ActionMenu app={app} node={node} />}
        <button type="button" className="icon-button" aria-label={t.common.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {node && <States node={node} />}
      {!node && loaded && <Notice title={t.inspector.gone} />}
      {node && (
        <>
          <TabList current={tab} choose={setTab} base={base} />
          <div
            className={styles.panel}
            role="tabpanel"
            id={`${base}-panel`}
            aria-labelledby={`${base}-${tab}`}
            tabIndex={0}
          >
            <Panel app={app} node={node} tab={tab} />
          </div>
        </>
      )}
    </aside>
  )
}

function Panel({ app, node, tab }: { app: AppRow; node: ResourceNode; tab: Tab }) {
  if (tab === 'summary') return <Summary app={app} node={node} />
  if (tab === 'events') return <Events app={app} node={node} />
  return <Manifest app={app} node={node} side={tab} />
}

function States({ node }: { node: ResourceNode }) {
  const { t } = useWords()
  return (
    <div className={styles.states}>
      {node.health && <Health status={node.health} pill />}
      {node.sync && <Sync status={node.sync} pill />}
      {node.missing && <Status tone="missing" text={t.tree.notInCluster} pill />}
      {node.prune && <Status tone="drift" text={t.tree.toBePruned} pill />}
      {node.orphaned && <Status tone="unknown" text={t.tree.orphaned} title={t.tree.orphanedWhy} pill />}
    </div>
  )
}

interface TabListProps {
  current: Tab
  choose(tab: Tab): void
  base: string
}

function TabList({ current, choose, base }: TabListProps) {
  const { t } = useWords()
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    const next = tabs[(tabs.indexOf(current) + step + tabs.length) % tabs.length]
    if (step === 0 || !next) return
    choose(next)
    event.currentTarget.querySelector<HTMLElement>(`[data-tab="${next}"]`)?.focus()
  }
  return (
    <div className={styles.tabs} role="tablist" aria-label={t.inspector.tabs} onKeyDown={onKeyDown}>
      {tabs.map(tab => (
        <button
          key={tab}
          type="button"
          role="tab"
          id={`${base}-${tab}`}
          data-tab={tab}
          aria-selected={tab === current}
          aria-controls={`${base}-panel`}
          tabIndex={tab === current ? 0 : -1}
          onClick={() => choose(tab)}
        >
          {t.inspector[tab]}
        </button>
      ))}
    </div>
  )
}

function Manifest({ app, node, side }: { app: AppRow; node: ResourceNode; side: 'live' | 'desired' }) {
  const { t } = useWords()
  // What the stream says about the resource stands for its content: when that changes, so may the manifest.
  const key = `${appKey(app)} ${node.id} ${node.sync} ${JSON.stringify(node.drift)}`
  const diff = useRequest(key, signal => fetchDiff(app, signal))
  if (diff.problem)
    return <Problem title={t.failure.title} detail={diff.problem} action={t.common.retry} onAction={diff.again} />
  if (!diff.data) return <Skeleton lines={10} />
  const found = diff.data.find(item => item.id === node.id)
  if (!found) return <Notice title={t.inspector.noYaml} />
  const text = found[side]
  if (!text) return <Notice title={side === 'live' ? t.inspector.noLive : t.inspector.noDesired} />
  return <Yaml text={text} label={`${t.inspector[side]}: ${node.kind} ${node.name}`} />
}
