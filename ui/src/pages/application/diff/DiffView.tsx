import { useMemo, useRef, useState } from 'react'
import type { ResourceNode } from '../../../api/model'
import { useWords } from '../../../i18n'
import { instant } from '../../../i18n/format'
import { useNow } from '../../../parts/clock'
import { Icon } from '../../../parts/Icon'
import { useKeys } from '../../../parts/keys'
import { kindBadge } from '../../../parts/kind'
import { Notice } from '../../../parts/Problem'
import { Status } from '../../../parts/Status'
import type { ResourceState } from '../resourceState'
import styles from './DiffView.module.css'
import driftStyles from './Drift.module.css'
import { Drift } from './DriftList'
import { type DiffObject, differences, isDifferent, managersOf, placeOf, placesOf, step } from './diff'

interface DiffViewProps {
  nodes: readonly ResourceNode[]
  state: ResourceState
  select(id: string): void
}

/** So many resources at a time: more than one reads, few enough to be drawn at once. */
const page = 100

/** All that differs from Git, field by field: to be searched, filtered by who set it, and walked through by keys. */
export function DiffView({ nodes, state, select }: DiffViewProps) {
  const { t } = useWords()
  const [limit, setLimit] = useState(page)
  const { text, hidden } = state
  const objects = useMemo(() => differences(nodes, { text, hidden }), [nodes, text, hidden])
  const shown = objects.slice(0, limit)
  const walk = useWalk(shown)
  if (!nodes.some(isDifferent)) return <Notice title={t.diff.nothing} />
  return (
    <div className={styles.diff} ref={walk.host}>
      <Bar nodes={nodes} objects={objects} state={state} walk={walk} />
      {objects.length === 0 && (
        <Notice title={t.diff.allHidden}>
          <button type="button" className="button" onClick={() => state.set({ find: '', hide: '' })}>
            {t.diff.showAll}
          </button>
        </Notice>
      )}
      <ul className={styles.objects}>
        {shown.map(object => (
          <DifferingObject key={object.node.id} object={object} at={walk.at} select={select} />
        ))}
      </ul>
      {objects.length > limit && (
        <button type="button" className={`button ${styles.more}`} onClick={() => setLimit(limit + page)}>
          {t.list.more(objects.length - limit)}
        </button>
      )}
    </div>
  )
}

interface Walk {
  host: { current: HTMLDivElement | null }
  /** The place the reader has gone to; empty before the first step. */
  at: string
  /** Counted from 1; 0 before the first step. */
  position: number
  go(by: 1 | -1): void
}

function useWalk(objects: readonly DiffObject[]): Walk {
  const host = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState('')
  const places = useMemo(() => placesOf(objects), [objects])
  const go = (by: 1 | -1): void => {
    const next = step(places, at, by)
    setAt(next)
    const place = host.current?.querySelector<HTMLElement>(`[data-place="${CSS.escape(next)}"]`)
    place?.scrollIntoView({ block: 'center' })
    place?.focus({ preventScroll: true })
  }
  useKeys({ n: () => go(1), N: () => go(-1) })
  return { host, at, position: places.indexOf(at) + 1, go }
}

interface BarProps {
  nodes: readonly ResourceNode[]
  objects: readonly DiffObject[]
  state: ResourceState
  walk: Walk
}

function Bar({ nodes, objects, state, walk }: BarProps) {
  const { t, format } = useWords()
  const fields = placesOf(objects).length
  const total = useMemo(() => placesOf(differences(nodes, { text: '', hidden: new Set() })).length, [nodes])
  return (
    <div className={styles.bar}>
      <span className={styles.count} role="status">
        {fields < total ? t.diff.shown(fields, total) : t.diff.count(fields, objects.length)}
      </span>
      <Managers nodes={nodes} state={state} />
      <span className={styles.walk}>
        <span className={styles.position}>
          {walk.position > 0 ? format.number(walk.position) : '–'} / {format.number(fields)}
        </span>
        <button
          type="button"
          className="icon-button"
          aria-label={t.diff.previous}
          title={`${t.diff.previous} (N)`}
          aria-keyshortcuts="Shift+N"
          disabled={fields === 0}
          onClick={() => walk.go(-1)}
        >
          <Icon name="up" />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label={t.diff.next}
          title={`${t.diff.next} (n)`}
          aria-keyshortcuts="n"
          disabled={fields === 0}
          onClick={() => walk.go(1)}
        >
          <Icon name="down" />
        </button>
      </span>
    </div>
  )
}

/** Each a switch: pressed while what the manager set is shown. */
function Managers({ nodes, state: { hidden, set } }: { nodes: readonly ResourceNode[]; state: ResourceState }) {
  const { t } = useWords()
  const managers = useMemo(() => managersOf(nodes), [nodes])
  if (managers.length === 0) return null
  const toggle = (name: string): void => {
    const next = new Set(hidden)
    if (!next.delete(name)) next.add(name)
    set({ hide: [...next].join(',') })
  }
  return (
    <fieldset className={styles.managers}>
      <legend>{t.diff.managers}</legend>
      {managers.map(({ name, count }) => {
        const label = name === '-' ? t.diff.noManager : name
        const on = !hidden.has(name)
        return (
          <button
            key={name}
            type="button"
            className={styles.manager}
            aria-pressed={on}
            title={on ? t.diff.hide(label) : t.diff.show(label)}
            onClick={() => toggle(name)}
          >
            <Icon name={on ? 'check' : 'minus'} size={12} />
            {label} <span className={styles.number}>{count}</span>
          </button>
        )
      })}
    </fieldset>
  )
}

interface ObjectProps {
  object: DiffObject
  at: string
  select(id: string): void
}

function DifferingObject({ object: { node, changes }, at, select }: ObjectProps) {
  const { t } = useWords()
  const whole = changes.length === 0
  return (
    <li
      className={styles.object}
      {...(whole && { 'data-place': placeOf(node), 'data-here': at === placeOf(node), tabIndex: -1 })}
    >
      <header className={styles.head}>
        <span className={styles.badge}>{kindBadge(node.kind)}</span>
        <button type="button" className={styles.name} onClick={() => select(node.id)}>
          {node.name}
        </button>
        <span className="muted">
          {node.kind}
          {node.namespace && ` · ${node.namespace}`}
        </span>
        {node.missing && <Status tone="missing" text={t.tree.notInCluster} />}
        {node.prune && <Status tone="drift" text={t.tree.toBePruned} />}
        <DifferentSince time={node.outOfSyncSince} />
      </header>
      {whole && <p className={styles.wholly}>{wholly(node, t.diff)}</p>}
      {!whole && (
        <ul className={driftStyles.drift}>
          {changes.map(change => (
            <li
              key={change.path}
              className={driftStyles.entry}
              data-place={placeOf(node, change)}
              data-here={at === placeOf(node, change)}
              tabIndex={-1}
            >
              <Drift change={change} />
            </li>
          ))}
        </ul>
      )}
    </li>
  )
}

function DifferentSince({ time }: { time: string }) {
  const { t, format } = useWords()
  const now = useNow()
  const at = instant(time)
  if (at === undefined) return null
  return (
    <time className={styles.since} dateTime={time} title={format.exact(time)}>
      {t.inspector.driftSince(format.ago(at, now))}
    </time>
  )
}

function wholly(node: ResourceNode, words: { create: string; prune: string; unexplained: string }): string {
  if (node.missing) return words.create
  return node.prune ? words.prune : words.unexplained
}
