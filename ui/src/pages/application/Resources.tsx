import { useCallback, useMemo, useRef, useState } from 'react'
import { useLocation } from 'wouter'
import { type AppRow, appKey, type ResourceNode } from '../../api/model'
import { buildForest, type Forest, isProblem, pruneForest } from '../../graph/forest'
import { ResourceGraph } from '../../graph/ResourceGraph'
import { useWords } from '../../i18n'
import { Boundary } from '../../parts/Boundary'
import { Icon } from '../../parts/Icon'
import { useKeys } from '../../parts/keys'
import { narrow, useMedia } from '../../parts/media'
import { Notice, Problem } from '../../parts/Problem'
import { Skeleton } from '../../parts/Skeleton'
import { useProblem, useTree } from '../../store/hooks'
import { treeTopic } from '../../store/live'
import { Inspector } from './Inspector'
import { ResourceList } from './ResourceList'
import styles from './Resources.module.css'
import { type ResourceState, type ResourceView, useResourceState } from './resourceState'

/** From this many resources on, those that are well are left out until asked for. */
const manyNodes = 300

/** Everything the application consists of, as a tree or a list, with an inspector for the one being looked at. */
export function Resources({ app }: { app: AppRow }) {
  const { t } = useWords()
  const key = appKey(app)
  const { rows, loaded } = useTree(key)
  const problem = useProblem(treeTopic(key))
  const compact = useMedia(narrow)
  const state = useResourceState()
  const [collapsed, toggle] = useToggles()
  const whole = useMemo(() => buildForest(rows), [rows])
  const problems = useMemo(() => rows.filter(isProblem).length, [rows])
  const problemsOnly = state.problemsOnly ?? (rows.length > manyNodes && problems > 0)
  const shown = useMemo(() => filtered(whole, state.text, problemsOnly), [whole, state.text, problemsOnly])
  const view = state.view ?? (compact ? 'list' : 'tree')
  const { set } = state
  const [, navigate] = useLocation()
  const select = useCallback((node: string) => set({ node }), [set])
  useKeys({ Escape: () => (state.node ? select('') : navigate('/applications')) })
  const shared = { app, forest: shown, collapsed, toggle, selected: state.node, select }
  return (
    <section className={styles.resources} aria-label={t.app.resources} data-inspecting={state.node !== ''}>
      <Toolbar state={state} view={view} problemsOnly={problemsOnly} shown={shown.nodes.size} total={rows.length} />
      <div className={styles.body}>
        <div className={styles.view}>
          {problem && <Problem title={t.failure.title} detail={problem} />}
          {!loaded && !problem && <Skeleton />}
          {loaded && rows.length === 0 && <Notice title={t.tree.empty} hint={t.tree.emptyHint} />}
          {rows.length > 0 && shown.nodes.size === 0 && <NoMatch state={state} />}
          {shown.nodes.size > 0 && (view === 'tree' ? <ResourceGraph {...shared} /> : <ResourceList {...shared} />)}
        </div>
        {state.node && (
          <Boundary key={state.node} title={t.app.panelFailed} retry={t.common.retry}>
            <Inspector
              app={app}
              id={state.node}
              node={whole.nodes.get(state.node)}
              loaded={loaded}
              onClose={() => select('')}
            />
          </Boundary>
        )}
      </div>
    </section>
  )
}

function useToggles(): [ReadonlySet<string>, (id: string) => void] {
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set())
  const toggle = useCallback((id: string) => {
    setCollapsed(old => {
      const next = new Set(old)
      if (!next.delete(id)) next.add(id)
      return next
    })
  }, [])
  return [collapsed, toggle]
}

function filtered(forest: Forest, text: string, problemsOnly: boolean): Forest {
  const wanted = text.trim().toLowerCase()
  if (!wanted && !problemsOnly) return forest
  const matches = (node: ResourceNode): boolean => `${node.kind} ${node.name}`.toLowerCase().includes(wanted)
  return pruneForest(forest, node => (!problemsOnly || isProblem(node)) && matches(node))
}

function NoMatch({ state }: { state: ResourceState }) {
  const { t } = useWords()
  return (
    <Notice title={t.tree.noMatch}>
      <button type="button" className="button" onClick={() => state.set({ find: '', problems: '0' })}>
        {t.tree.showAll}
      </button>
    </Notice>
  )
}

interface ToolbarProps {
  state: ResourceState
  view: ResourceView
  problemsOnly: boolean
  shown: number
  total: number
}

function Toolbar({ state, view, problemsOnly, shown, total }: ToolbarProps) {
  const { t, format } = useWords()
  const input = useRef<HTMLInputElement>(null)
  useKeys({
    '/': () => {
      input.current?.focus()
    },
    v: () => state.set({ view: view === 'tree' ? 'list' : 'tree' }),
  })
  return (
    <header className={styles.toolbar}>
      <h2>{t.app.resources}</h2>
      <span className="muted" role="status">
        {problemsOnly && shown < total ? t.tree.problemsShown(shown, total) : format.number(shown)}
      </span>
      <span className={styles.space} />
      <button
        type="button"
        className={`button small ${styles.problems}`}
        aria-pressed={problemsOnly}
        onClick={() => state.set({ problems: problemsOnly ? '0' : '1' })}
      >
        {t.tree.problemsOnly}
      </button>
      <div className={styles.find}>
        <Icon name="search" size={14} />
        <input
          ref={input}
          className="input"
          value={state.text}
          placeholder={t.tree.filter}
          aria-label={t.tree.filter}
          autoComplete="off"
          spellCheck={false}
          onChange={event => state.set({ find: event.target.value })}
          onKeyDown={event => {
            if (event.key === 'Escape' && !event.nativeEvent.isComposing) event.currentTarget.blur()
          }}
        />
      </div>
      <fieldset className={styles.switch} aria-label={t.tree.view}>
        {(['tree', 'list'] as const).map(name => (
          <button key={name} type="button" aria-pressed={view === name} onClick={() => state.set({ view: name })}>
            {name === 'tree' ? t.tree.viewTree : t.tree.viewList}
          </button>
        ))}
      </fieldset>
    </header>
  )
}
