import { useCallback, useMemo, useState } from 'react'
import { useLocation } from 'wouter'
import { type AppRow, appKey, type ResourceNode } from '../../api/model'
import { buildForest, type Forest, isProblem, pruneForest } from '../../graph/forest'
import type { MenuAt } from '../../graph/menu'
import { ResourceGraph } from '../../graph/ResourceGraph'
import { useWords } from '../../i18n'
import { Boundary } from '../../parts/Boundary'
import { useKeys } from '../../parts/keys'
import { narrow, useMedia } from '../../parts/media'
import { Notice, Problem } from '../../parts/Problem'
import { Skeleton } from '../../parts/Skeleton'
import { useProblem, useTree } from '../../store/hooks'
import { treeTopic } from '../../store/live'
import { NodeMenu } from './actions/ActionMenu'
import { DiffView } from './diff/DiffView'
import { isDifferent } from './diff/diff'
import { Inspector } from './Inspector'
import { ResourceList } from './ResourceList'
import styles from './Resources.module.css'
import { ResourceToolbar, type Shown } from './ResourceToolbar'
import { type ResourceState, useResourceState } from './resourceState'

/** From this many resources on, those that are well are left out until asked for. */
const manyNodes = 300

/** Everything the application consists of, as a tree, a list or what differs, with an inspector for the one being looked
 * at. */
export function Resources({ app }: { app: AppRow }) {
  const { t } = useWords()
  const key = appKey(app)
  const { rows, loaded } = useTree(key)
  const problem = useProblem(treeTopic(key))
  const state = useResourceState()
  const shown = useShown(rows, state)
  const [menu, setMenu] = useState<MenuAt>()
  const { set } = state
  const [, navigate] = useLocation()
  const select = useCallback((node: string) => set({ node }), [set])
  useKeys({ Escape: () => (state.node ? select('') : navigate('/applications')) })
  const { whole, view } = shown
  const node = menu && whole.nodes.get(menu.id)
  return (
    <section className={styles.resources} aria-label={t.app.resources} data-inspecting={state.node !== ''}>
      <ResourceToolbar state={state} shown={shown} />
      <div className={styles.body}>
        <div className={styles.view}>
          {problem && <Problem title={t.failure.title} detail={problem} />}
          {!loaded && !problem && <Skeleton />}
          {loaded && rows.length === 0 && <Notice title={t.tree.empty} hint={t.tree.emptyHint} />}
          {loaded && rows.length > 0 && view === 'diff' && <DiffView nodes={rows} state={state} select={select} />}
          {rows.length > 0 && view !== 'diff' && (
            <Nodes app={app} state={state} shown={shown} select={select} onMenu={setMenu} />
          )}
        </div>
        {state.node && (
          <Boundary key={state.node} title={t.app.panelFailed} retry={t.common.retry}>
            <Inspector
              app={app}
              id={state.node}
              node={rows.find(row => row.id === state.node)}
              loaded={loaded}
              onClose={() => select('')}
            />
          </Boundary>
        )}
      </div>
      {menu && node && (
        <NodeMenu key={menu.id} app={app} node={node} {...menu} select={select} close={() => setMenu(undefined)} />
      )}
    </section>
  )
}

interface NodesProps {
  app: AppRow
  state: ResourceState
  shown: Shown
  select(id: string): void
  onMenu(menu: MenuAt): void
}

function Nodes({ app, state, shown, select, onMenu }: NodesProps) {
  const [collapsed, toggle] = useToggles()
  if (shown.part.nodes.size === 0) return <NoMatch state={state} />
  const shared = { app, forest: shown.part, collapsed, toggle, selected: state.node, select, onMenu }
  return shown.view === 'tree' ? <ResourceGraph {...shared} /> : <ResourceList {...shared} />
}

function useShown(rows: readonly ResourceNode[], state: ResourceState): Shown {
  const compact = useMedia(narrow)
  const orphans = useMemo(() => rows.filter(node => node.orphaned).length, [rows])
  const counted = useMemo(
    () => (state.orphaned || orphans === 0 ? rows : rows.filter(node => !node.orphaned)),
    [rows, orphans, state.orphaned],
  )
  const whole = useMemo(() => buildForest(counted), [counted])
  const problems = useMemo(() => counted.filter(isProblem).length, [counted])
  const problemsOnly = state.problemsOnly ?? (counted.length > manyNodes && problems > 0)
  const part = useMemo(() => filtered(whole, state.text, problemsOnly), [whole, state.text, problemsOnly])
  const differing = useMemo(() => rows.filter(isDifferent).length, [rows])
  const view = state.view ?? (compact ? 'list' : 'tree')
  return { view, whole, part, problemsOnly, orphans, differing }
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
