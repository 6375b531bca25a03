import { useVirtualizer } from '@tanstack/react-virtual'
import { useRef, useState } from 'react'
import type { ResourceNode } from '../../api/model'
import { useWords } from '../../i18n'
import { Sync } from '../../parts/Status'
import styles from './SyncDialog.module.css'

interface ResourcePickerProps {
  nodes: readonly ResourceNode[]
  picked: ReadonlySet<string>
  onChange(picked: ReadonlySet<string>): void
}

/** A list of resources to tick, long or short. */
export function ResourcePicker({ nodes, picked, onChange }: ResourcePickerProps) {
  const { t } = useWords()
  const [text, setText] = useState('')
  const scroller = useRef<HTMLDivElement>(null)
  const wanted = text.trim().toLowerCase()
  const shown = nodes.filter(node => node.id.toLowerCase().includes(wanted))
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 30,
    overscan: 4,
  })
  const toggle = (id: string): void => {
    const next = new Set(picked)
    if (!next.delete(id)) next.add(id)
    onChange(next)
  }
  return (
    <div className={styles.picker}>
      <input
        className="input"
        value={text}
        placeholder={t.tree.filter}
        aria-label={t.tree.filter}
        onChange={event => setText(event.target.value)}
      />
      <div ref={scroller} className={styles.pickerList}>
        <ul style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(item => {
            const node = shown[item.index]
            return (
              node && (
                <li key={node.id} style={{ transform: `translateY(${item.start}px)` }}>
                  <label>
                    <input type="checkbox" checked={picked.has(node.id)} onChange={() => toggle(node.id)} />
                    <span className={styles.pickerName}>
                      <span className="muted">{node.kind}</span> {node.name}
                    </span>
                    {node.sync && <Sync status={node.sync} />}
                  </label>
                </li>
              )
            )
          })}
        </ul>
      </div>
    </div>
  )
}
