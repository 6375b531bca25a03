import { useDeferredValue, useMemo, useRef } from 'react'
import { useWords } from '../../i18n'
import { Boundary } from '../../parts/Boundary'
import { Icon } from '../../parts/Icon'
import { useKeys } from '../../parts/keys'
import { Notice, Problem } from '../../parts/Problem'
import { Skeleton } from '../../parts/Skeleton'
import { useTitle } from '../../parts/title'
import { sortApps } from '../../store/attention'
import { useApps, useProblem } from '../../store/hooks'
import { appsTopic } from '../../store/live'
import { matcher } from '../../store/query'
import styles from './Applications.module.css'
import { AppTable } from './AppTable'
import { EmptyApplications } from './EmptyApplications'
import { FacetPanel } from './FacetPanel'
import { type ListState, useListState } from './listState'

/** The list of applications: what needs attention first, everything filtered and sorted in memory. */
export function ApplicationsPage() {
  const { t } = useWords()
  useTitle(t.list.title)
  const { rows, loaded } = useApps()
  const problem = useProblem(appsTopic)
  const state = useListState()
  const query = useDeferredValue(state.query)
  const shown = useMemo(() => sortApps(rows.filter(matcher(query)), state.sort), [rows, query, state.sort])
  if (problem && !loaded) return <Problem title={t.failure.title} detail={problem} />
  if (!loaded) return <Skeleton lines={8} />
  if (rows.length === 0) return <EmptyApplications />
  return (
    <div className={styles.page}>
      <Toolbar state={state} shown={shown.length} total={rows.length} />
      <FacetPanel rows={rows} query={query} state={state} />
      <section className={styles.content} aria-label={t.list.title}>
        <Boundary title={t.app.panelFailed} retry={t.common.retry}>
          {shown.length > 0 ? <AppTable rows={shown} state={state} /> : <NoMatch clear={() => state.setText('')} />}
        </Boundary>
      </section>
    </div>
  )
}

interface ToolbarProps {
  state: ListState
  shown: number
  total: number
}

function Toolbar({ state, shown, total }: ToolbarProps) {
  const { t } = useWords()
  const input = useRef<HTMLInputElement>(null)
  useKeys({
    '/': () => {
      input.current?.focus()
      input.current?.select()
    },
  })
  const unknown = state.query.unknownKeys[0]
  return (
    <div className={styles.toolbar}>
      <div className={styles.heading}>
        <h1>{t.list.title}</h1>
        <span className="muted" role="status">
          {t.list.count(shown, total)}
        </span>
      </div>
      <search className={styles.search}>
        <Icon name="search" className={styles.searchIcon} />
        <input
          ref={input}
          className="input"
          type="text"
          value={state.text}
          aria-label={t.list.filter}
          aria-describedby="filter-help"
          placeholder={t.list.filterPlaceholder}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          onChange={event => state.setText(event.target.value)}
          onKeyDown={event => {
            if (event.key !== 'Escape' || event.nativeEvent.isComposing) return
            if (state.text) state.setText('')
            else event.currentTarget.blur()
          }}
        />
        {state.text ? (
          <button
            type="button"
            className={`icon-button ${styles.clear}`}
            aria-label={t.list.clear}
            title={t.list.clear}
            onClick={() => state.setText('')}
          >
            <Icon name="close" size={14} />
          </button>
        ) : (
          <kbd className={styles.slash} aria-hidden="true">
            /
          </kbd>
        )}
        <span id="filter-help" className="visually-hidden">
          {t.list.filterHelp}
        </span>
      </search>
      {unknown && (
        <p className={styles.remark} role="status">
          {t.list.unknownKey(unknown)}
        </p>
      )}
    </div>
  )
}

function NoMatch({ clear }: { clear(): void }) {
  const { t } = useWords()
  return (
    <Notice title={t.list.noMatch} hint={t.list.noMatchHint}>
      <button type="button" className="button" onClick={clear}>
        {t.list.clear}
      </button>
    </Notice>
  )
}
