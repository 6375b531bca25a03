import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, useMemo, useRef, useState } from 'react'
import type { AppRow, ResourceNode } from '../../api/model'
import { collapseForest, type FlatRow, type Forest, flatten, rootId } from '../../graph/forest'
import { cardOf, type MenuAt, menuBelow, menuUnder, takeMenu } from '../../graph/menu'
import { useWords } from '../../i18n'
import { causeSentence } from '../../i18n/cause'
import type { Messages } from '../../i18n/en'
import { Icon } from '../../parts/Icon'
import { kindBadge } from '../../parts/kind'
import { narrow, useMedia } from '../../parts/media'
import { Health, Status, Sync } from '../../parts/Status'
import { Age } from '../../parts/Time'
import styles from './ResourceList.module.css'

interface ResourceListProps {
  app: AppRow
  forest: Forest
  collapsed: ReadonlySet<string>
  toggle(id: string): void
  selected: string
  select(id: string): void
  /** Wants the menu of a resource, at a point of the window. */
  onMenu(menu: MenuAt): void
}

/** The tree as a treegrid: the same content for those to whom a picture says nothing, and for narrow screens. */
export function ResourceList({ forest, collapsed, toggle, selected, select, onMenu }: ResourceListProps) {
  const { t } = useWords()
  const compact = useMedia(narrow)
  const scroller = useRef<HTMLDivElement>(null)
  const rows = useMemo(() => flatten(collapseForest(forest, collapsed)), [forest, collapsed])
  const [active, setActive] = useState('')
  const activeIndex = positionOf(rows, active)
  const height = compact ? 58 : 34
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 8,
  })
  const focusRow = (index: number): void => {
    const row = rows[Math.min(rows.length - 1, Math.max(0, index))]
    if (!row) return
    setActive(row.id)
    virtual.scrollToIndex(rows.indexOf(row))
    requestAnimationFrame(() => cardOf(scroller.current, row.id)?.focus())
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const openMenu = (): void => onMenu(menuBelow(scroller.current, rows[activeIndex]?.id ?? ''))
    const context = { rows, index: activeIndex, forest, collapsed, toggle, select, focusRow, openMenu }
    const action = rowAction(event.key, context)
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    event.stopPropagation()
    action()
  }
  return (
    <div
      ref={scroller}
      className={styles.list}
      role="treegrid"
      aria-label={t.tree.label}
      aria-rowcount={rows.length + 1}
      onKeyDown={onKeyDown}
      onContextMenu={event => takeMenu(event, menuUnder(event.nativeEvent), onMenu)}
      tabIndex={-1}
      data-compact={compact}
    >
      <Head />
      <div role="rowgroup" className={styles.body} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(item => {
          const row = rows[item.index]
          const node = row && forest.nodes.get(row.id)
          return (
            node && (
              <Row
                key={row.id}
                node={node}
                row={row}
                place={{ index: item.index, top: item.start, height }}
                parent={forest.children.has(row.id)}
                collapsed={collapsed.has(row.id)}
                selected={row.id === selected}
                tabbable={item.index === activeIndex}
                toggle={toggle}
                select={select}
                focus={setActive}
              />
            )
          )
        })}
      </div>
    </div>
  )
}

/** The first where it is none of them. */
function positionOf(rows: readonly FlatRow[], id: string): number {
  const found = rows.findIndex(row => row.id === id)
  return Math.max(0, found)
}

function Head() {
  const { t } = useWords()
  const columns = [
    t.tree.columnResource,
    t.sync.label,
    t.health.label,
    t.tree.columnMessage,
    t.tree.columnNamespace,
    t.tree.columnAge,
  ]
  return (
    <div role="rowgroup" className={styles.head}>
      <div role="row" className={styles.headRow} aria-rowindex={1}>
        {columns.map(column => (
          <div key={column} role="columnheader">
            {column}
          </div>
        ))}
      </div>
    </div>
  )
}

interface RowProps {
  node: ResourceNode
  row: FlatRow
  place: { index: number; top: number; height: number }
  parent: boolean
  collapsed: boolean
  selected: boolean
  tabbable: boolean
  toggle(id: string): void
  select(id: string): void
  focus(id: string): void
}

function Row({ node, row, place, parent, collapsed, selected, tabbable, toggle, select, focus }: RowProps) {
  return (
    <div
      role="row"
      className={styles.row}
      style={{ height: place.height, transform: `translateY(${place.top}px)` }}
      data-id={row.id}
      aria-rowindex={place.index + 2}
      aria-level={row.depth + 1}
      aria-expanded={parent ? !collapsed : undefined}
      aria-selected={selected}
      tabIndex={tabbable ? 0 : -1}
      onFocus={() => focus(row.id)}
      onClick={() => select(row.id)}
      onKeyDown={event => {
        if (event.key === 'Enter' && event.target === event.currentTarget) select(row.id)
      }}
    >
      <Cells node={node} depth={row.depth} parent={parent} collapsed={collapsed} toggle={toggle} />
    </div>
  )
}

interface CellsProps {
  node: ResourceNode
  depth: number
  parent: boolean
  collapsed: boolean
  toggle(id: string): void
}

function Cells({ node, depth, parent, collapsed, toggle }: CellsProps) {
  const { t } = useWords()
  return (
    <>
      <div role="gridcell" className={styles.resource} style={{ paddingLeft: depth * 18 }}>
        {parent ? (
          <button
            type="button"
            className={styles.toggle}
            tabIndex={-1}
            aria-label={`${collapsed ? t.tree.expand : t.tree.collapse} ${node.name}`}
            onClick={event => {
              event.stopPropagation()
              toggle(node.id)
            }}
          >
            <Icon name={collapsed ? 'right' : 'down'} size={14} />
          </button>
        ) : (
          <span className={styles.toggle} />
        )}
        <span className={styles.badge}>{kindBadge(node.kind)}</span>
        <span className={styles.name} title={node.id}>
          <b>{node.name}</b> <span className="muted">{node.kind}</span>
        </span>
      </div>
      <div role="gridcell">{syncCell(node, t)}</div>
      <div role="gridcell">{node.health && <Health status={node.health} />}</div>
      <div role="gridcell" className={styles.message} title={node.message}>
        {node.cause ? causeSentence(node.cause, t) : node.message}
      </div>
      <div role="gridcell" className={styles.plain}>
        {node.namespace}
      </div>
      <div role="gridcell" className={styles.plain}>
        <Age time={node.createdAt} />
      </div>
    </>
  )
}

function syncCell(node: ResourceNode, t: Messages) {
  if (node.missing) return <Status tone="missing" text={t.tree.notInCluster} />
  if (node.prune) return <Status tone="drift" text={t.tree.toBePruned} />
  if (node.orphaned) return <Status tone="unknown" text={t.tree.orphaned} title={t.tree.orphanedWhy} />
  return node.sync && <Sync status={node.sync} />
}

interface RowContext {
  rows: readonly FlatRow[]
  index: number
  forest: Forest
  collapsed: ReadonlySet<string>
  toggle(id: string): void
  select(id: string): void
  focusRow(index: number): void
  openMenu(): void
}

/** The keys of the WAI-ARIA treegrid, and vi's. */
function rowAction(key: string, context: RowContext): (() => void) | undefined {
  const { rows, index, forest, collapsed, toggle, focusRow } = context
  const id = rows[index]?.id ?? rootId
  const open = forest.children.has(id) && !collapsed.has(id)
  const left = (): void => (open ? toggle(id) : focusRow(rows.findIndex(row => row.id === forest.parents.get(id))))
  const right = (): void => {
    if (open) focusRow(index + 1)
    else if (collapsed.has(id)) toggle(id)
  }
  const table: Readonly<Record<string, () => void>> = {
    ArrowDown: () => focusRow(index + 1),
    ArrowUp: () => focusRow(index - 1),
    j: () => focusRow(index + 1),
    k: () => focusRow(index - 1),
    Home: () => focusRow(0),
    End: () => focusRow(rows.length - 1),
    ArrowLeft: left,
    ArrowRight: right,
    '.': context.openMenu,
    h: left,
    l: right,
    ' ': () => forest.children.has(id) && toggle(id),
  }
  return table[key]
}
