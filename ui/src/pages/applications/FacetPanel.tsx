import { useMemo, useState } from 'react'
import type { AppRow, HealthStatus, SyncStatus } from '../../api/model'
import { useWords } from '../../i18n'
import type { Messages } from '../../i18n/en'
import { Icon } from '../../parts/Icon'
import { narrow, useMedia } from '../../parts/media'
import { StatusIcon } from '../../parts/Status'
import { healthTone, syncTone, type Tone } from '../../parts/tone'
import { type FacetKey, type FacetValue, facet } from '../../store/facets'
import { type Query, selectedValues, toggleValue } from '../../store/query'
import styles from './Applications.module.css'
import type { ListState } from './listState'

const keys: readonly FacetKey[] = ['health', 'sync', 'project', 'ns', 'cluster', 'auto']
const shownValues = 6

interface FacetPanelProps {
  rows: readonly AppRow[]
  query: Query
  state: ListState
}

/** The facets beside the list; folded away where there is no room beside it. */
export function FacetPanel(props: FacetPanelProps) {
  const { t } = useWords()
  const folded = useMedia('(max-width: 1000px)')
  const [open, setOpen] = useState(false)
  const facets = keys.map(key => <Facet key={key} facetKey={key} {...props} />)
  if (!folded) {
    return (
      <aside className={styles.facets} aria-label={t.list.facets}>
        {facets}
      </aside>
    )
  }
  return (
    <aside className={styles.foldedFacets} aria-label={t.list.facets}>
      <button type="button" className="button small" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name="filter" size={14} />
        {t.list.facets}
      </button>
      {open && <div className={styles.facetGrid}>{facets}</div>}
    </aside>
  )
}

function Facet({ facetKey, rows, query, state }: FacetPanelProps & { facetKey: FacetKey }) {
  const { t } = useWords()
  const compact = useMedia(narrow)
  const [all, setAll] = useState(false)
  const values = useMemo(() => facet(rows, query, facetKey), [rows, query, facetKey])
  const selected = selectedValues(state.query, facetKey)
  const limit = compact ? 4 : shownValues
  const shown = all ? values : values.filter((v, i) => i < limit || selected.includes(v.value.toLowerCase()))
  const hidden = values.length - shown.length
  return (
    <section className={styles.facet}>
      <h2>{facetTitle(facetKey, t)}</h2>
      <ul>
        {shown.map(value => (
          <FacetOption
            key={value.value}
            value={value}
            tone={facetTone(facetKey, value.value)}
            label={facetLabel(facetKey, value.value, t)}
            on={selected.includes(value.value.toLowerCase())}
            toggle={() => state.setText(toggleValue(state.text, facetKey, value.value))}
          />
        ))}
      </ul>
      {(hidden > 0 || all) && values.length > limit && (
        <button type="button" className={`link-button ${styles.more}`} onClick={() => setAll(!all)}>
          {all ? t.list.fewer : t.list.more(hidden)}
        </button>
      )}
    </section>
  )
}

interface FacetOptionProps {
  value: FacetValue
  label: string
  tone: Tone | undefined
  on: boolean
  toggle(): void
}

function FacetOption({ value, label, tone, on, toggle }: FacetOptionProps) {
  const { format } = useWords()
  return (
    <li>
      <button type="button" className={styles.option} aria-pressed={on} data-empty={value.count === 0} onClick={toggle}>
        {tone && <StatusIcon tone={tone} size={13} />}
        <span className={styles.optionLabel} title={label}>
          {label}
        </span>
        <span className={styles.optionCount}>{format.number(value.count)}</span>
      </button>
    </li>
  )
}

function facetTitle(key: FacetKey, t: Messages): string {
  const titles: Readonly<Record<FacetKey, string>> = {
    health: t.health.label,
    sync: t.sync.label,
    project: t.list.facetProject,
    ns: t.list.facetNamespace,
    cluster: t.list.facetCluster,
    auto: t.list.facetAuto,
  }
  return titles[key]
}

function facetLabel(key: FacetKey, value: string, t: Messages): string {
  if (key === 'health') return t.health[value as HealthStatus] ?? value
  if (key === 'sync') return t.sync[value as SyncStatus] ?? value
  if (key === 'auto') return value === 'on' ? t.list.on : t.list.off
  return value
}

function facetTone(key: FacetKey, value: string): Tone | undefined {
  if (key === 'health') return healthTone[value as HealthStatus]
  if (key === 'sync') return syncTone[value as SyncStatus]
  return undefined
}
