import { useVirtualizer } from '@tanstack/react-virtual'
import { useRef } from 'react'
import { type AppRow, appKey } from '../../api/model'
import { useWords } from '../../i18n'
import { Icon } from '../../parts/Icon'
import { useKeys } from '../../parts/keys'
import { narrow, useMedia } from '../../parts/media'
import type { Sort, SortKey } from '../../store/attention'
import styles from './AppTable.module.css'
import { AppTableRow } from './AppTableRow'
import type { ListState } from './listState'

const rowHeight = 52
const cardHeight = 112

interface AppTableProps {
  rows: readonly AppRow[]
  state: ListState
}

/** The applications as a table of which only the visible rows exist; as cards on narrow screens. */
export function AppTable({ rows, state }: AppTableProps) {
  const { t } = useWords()
  const scroller = useRef<HTMLDivElement>(null)
  const compact = useMedia(narrow)
  const height = compact ? cardHeight : rowHeight
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    getItemKey: index => appKey(rows[index] ?? { namespace: '', name: '' }),
    overscan: 6,
  })
  const move = (step: number): void => {
    const current = focusedIndex(scroller.current)
    const next = Math.min(rows.length - 1, Math.max(0, current < 0 ? 0 : current + step))
    virtual.scrollToIndex(next)
    // The row may not exist before the scroll has been drawn.
    requestAnimationFrame(() => rowLink(scroller.current, next)?.focus())
  }
  useKeys({ j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1) })
  return (
    <div
      ref={scroller}
      className={styles.table}
      role="table"
      aria-label={t.list.title}
      aria-rowcount={rows.length + 1}
      data-compact={compact}
    >
      <div role="rowgroup" className={styles.head}>
        <Header sort={state.sort} setSort={state.setSort} />
      </div>
      <div role="rowgroup" className={styles.body} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(item => {
          const row = rows[item.index]
          return (
            row && (
              <AppTableRow
                key={item.key}
                app={row}
                index={item.index}
                top={item.start}
                height={height}
                compact={compact}
              />
            )
          )
        })}
      </div>
    </div>
  )
}

function focusedIndex(table: HTMLElement | null): number {
  const row = document.activeElement?.closest<HTMLElement>('[data-index]')
  return row && table?.contains(row) ? Number(row.dataset.index) : -1
}

function rowLink(table: HTMLElement | null, index: number): HTMLElement | null | undefined {
  return table?.querySelector<HTMLElement>(`[data-index="${index}"] a`)
}

interface HeaderProps {
  sort: Sort
  setSort(sort: Sort): void
}

function Header({ sort, setSort }: HeaderProps) {
  const { t } = useWords()
  const columns: readonly [SortKey, string][] = [
    ['name', t.list.columnName],
    ['health', t.health.label],
    ['sync', t.sync.label],
    ['attention', t.list.columnReason],
    ['source', t.list.columnSource],
    ['destination', t.list.columnDestination],
    ['operation', t.list.columnOperation],
  ]
  return (
    <div role="row" className={styles.headRow} aria-rowindex={1}>
      {columns.map(([key, label]) => (
        <div key={key} role="columnheader" className={styles.headCell} aria-sort={ariaSort(sort, key)}>
          <button
            type="button"
            className={styles.sort}
            title={key === 'attention' ? t.list.sortAttention : t.list.sortBy(label)}
            onClick={() => setSort(nextSort(sort, key))}
          >
            {label}
            {sort.key === key && <Icon name={sort.descending ? 'up' : 'down'} size={12} />}
          </button>
        </div>
      ))}
    </div>
  )
}

function ariaSort(sort: Sort, key: SortKey): 'ascending' | 'descending' | undefined {
  if (sort.key !== key) return undefined
  return sort.descending ? 'descending' : 'ascending'
}

/** Up, down, then back to the order that needs no choice. */
function nextSort(sort: Sort, key: SortKey): Sort {
  if (sort.key !== key || key === 'attention') return { key, descending: false }
  return sort.descending ? { key: 'attention', descending: false } : { key, descending: true }
}
