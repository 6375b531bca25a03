import { memo } from 'react'
import type { AppRow, ResourceNode } from '../api/model'
import { useWords } from '../i18n'
import { causeSentence } from '../i18n/cause'
import type { Messages } from '../i18n/en'
import { kindBadge } from '../parts/kind'
import { StatusIcon } from '../parts/Status'
import { healthTone } from '../parts/tone'
import { describeState } from './describe'
import { rootId } from './forest'
import { type Box, cardHeight, cardWidth, columnGap } from './layout'
import styles from './ResourceGraph.module.css'
import { nodeTone } from './tone'

interface CardProps {
  x: number
  y: number
  /** Whether Tab reaches this card: one at a time, the arrow keys reach the others. */
  tabbable: boolean
  focus(id: string): void
}

interface NodeCardProps extends CardProps {
  node: ResourceNode
  selected: boolean
  select(id: string): void
}

/** One resource, in as few elements as it takes. */
export const NodeCard = memo(function NodeCard({ node, x, y, selected, tabbable, select, focus }: NodeCardProps) {
  const { t } = useWords()
  const tone = nodeTone(node)
  const description = describeState(node, t)
  return (
    <button
      type="button"
      className={styles.card}
      style={{ left: x, top: y, width: cardWidth, height: cardHeight }}
      data-id={node.id}
      data-badge={kindBadge(node.kind)}
      data-absent={node.missing}
      data-orphaned={node.orphaned}
      aria-current={selected}
      title={`${node.kind} ${node.namespace ? `${node.namespace}/` : ''}${node.name}\n${[description, node.message].filter(Boolean).join('\n')}`}
      tabIndex={tabbable ? 0 : -1}
      onClick={() => select(node.id)}
      onFocus={() => focus(node.id)}
    >
      <span className={styles.title}>{cardTitle(node)}</span>
      <span className={styles.subtitle}>{subtitle(node, t)}</span>
      {tone && <StatusIcon tone={tone} size={15} label={description} />}
    </button>
  )
})

const roomy = 17

/** A long name loses what it repeats of its owner's: of the names of two Pods, the end is what tells them apart. */
function cardTitle(node: ResourceNode): string {
  const owner = node.parent.slice(node.parent.lastIndexOf('/') + 1)
  const repeats = owner !== '' && node.name.length > roomy && node.name.startsWith(`${owner}-`)
  return repeats ? `…${node.name.slice(owner.length)}` : node.name
}

/** The badge tells the kind; what is wrong needs the room more. */
function subtitle(node: ResourceNode, t: Messages): string {
  if (node.cause && node.health !== 'Healthy') return causeSentence(node.cause, t)
  if (node.message && node.health !== 'Healthy') return node.message
  if (node.orphaned) return `${node.kind} · ${t.tree.orphaned}`
  const detail = node.info[0]?.value
  return detail ? `${node.kind} · ${detail}` : node.kind
}

export function RootCard({ app, x, y, tabbable, focus }: CardProps & { app: AppRow }) {
  const { t } = useWords()
  return (
    <button
      type="button"
      className={styles.card}
      style={{ left: x, top: y, width: cardWidth, height: cardHeight }}
      data-id={rootId}
      data-badge="APP"
      tabIndex={tabbable ? 0 : -1}
      onFocus={() => focus(rootId)}
    >
      <span className={styles.title}>{app.name}</span>
      <span className={styles.subtitle}>{t.tree.application}</span>
      <StatusIcon tone={healthTone[app.health]} size={15} label={`${t.health[app.health]}, ${t.sync[app.sync]}`} />
    </button>
  )
}

interface ToggleProps {
  box: Box
  /** How many nodes it hides; 0 while expanded. */
  hidden: number
  name: string
  toggle(id: string): void
}

/** Sits on the edge to the children. */
export const Toggle = memo(function Toggle({ box, hidden, name, toggle }: ToggleProps) {
  const { t } = useWords()
  const label = hidden > 0 ? `${t.tree.expand} ${name}: ${t.tree.collapsed(hidden)}` : `${t.tree.collapse} ${name}`
  return (
    <button
      type="button"
      className={styles.toggle}
      style={{ left: box.x + cardWidth + columnGap / 2 - 24, top: box.y + cardHeight / 2 - 12 }}
      tabIndex={-1}
      aria-expanded={hidden === 0}
      aria-label={label}
      title={label}
      onClick={() => toggle(box.id)}
    >
      {hidden > 0 ? `+${hidden}` : '−'}
    </button>
  )
})
