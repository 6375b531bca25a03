import { useRef } from 'react'
import type { Forest } from '../../graph/forest'
import { useWords } from '../../i18n'
import { Icon } from '../../parts/Icon'
import { useKeys } from '../../parts/keys'
import styles from './Resources.module.css'
import { type ResourceState, type ResourceView, views } from './resourceState'

/** What of the resources is on the page. */
export interface Shown {
  view: ResourceView
  /** All but the orphaned ones, or with them where they are asked for. */
  whole: Forest
  /** What is left of the whole by the filters. */
  part: Forest
  problemsOnly: boolean
  orphans: number
  /** How many resources differ from Git. */
  differing: number
}

interface ToolbarProps {
  state: ResourceState
  shown: Shown
}

/** How the resources are shown, and which. */
export function ResourceToolbar({ state, shown }: ToolbarProps) {
  const { t, format } = useWords()
  const input = useRef<HTMLInputElement>(null)
  const { view, problemsOnly, part, whole } = shown
  const nextView = views[(views.indexOf(view) + 1) % views.length]
  useKeys({
    '/': () => {
      input.current?.focus()
    },
    v: () => state.set({ view: nextView ?? 'tree' }),
    d: () => state.set({ view: view === 'diff' ? '' : 'diff' }),
  })
  const some = problemsOnly && part.nodes.size < whole.nodes.size
  const label = view === 'diff' ? t.diff.filter : t.tree.filter
  return (
    <header className={styles.toolbar}>
      <h2>{t.app.resources}</h2>
      {view !== 'diff' && (
        <span className="muted" role="status">
          {some ? t.tree.problemsShown(part.nodes.size, whole.nodes.size) : format.number(part.nodes.size)}
        </span>
      )}
      <span className={styles.space} />
      {view !== 'diff' && <Toggles state={state} shown={shown} />}
      <div className={styles.find}>
        <Icon name="search" size={14} />
        <input
          ref={input}
          className="input"
          value={state.text}
          placeholder={label}
          aria-label={label}
          autoComplete="off"
          spellCheck={false}
          onChange={event => state.set({ find: event.target.value })}
          onKeyDown={event => {
            if (event.key === 'Escape' && !event.nativeEvent.isComposing) event.currentTarget.blur()
          }}
        />
      </div>
      <ViewSwitch state={state} shown={shown} />
    </header>
  )
}

function Toggles({ state, shown: { problemsOnly, orphans } }: ToolbarProps) {
  const { t } = useWords()
  return (
    <>
      {(orphans > 0 || state.orphaned) && (
        <button
          type="button"
          className={`button small ${styles.toggle}`}
          aria-pressed={state.orphaned}
          title={t.tree.showOrphaned}
          onClick={() => state.set({ orphaned: state.orphaned ? '' : 'true' })}
        >
          {t.tree.orphanedCount(orphans)}
        </button>
      )}
      <button
        type="button"
        className={`button small ${styles.toggle}`}
        aria-pressed={problemsOnly}
        onClick={() => state.set({ problems: problemsOnly ? '0' : '1' })}
      >
        {t.tree.problemsOnly}
      </button>
    </>
  )
}

function ViewSwitch({ state, shown: { view, differing } }: ToolbarProps) {
  const { t } = useWords()
  const names: Readonly<Record<ResourceView, string>> = {
    tree: t.tree.viewTree,
    list: t.tree.viewList,
    diff: t.tree.viewDiff,
  }
  return (
    <fieldset className={styles.switch} aria-label={t.tree.view}>
      {views.map(name => (
        <button
          key={name}
          type="button"
          aria-pressed={view === name}
          aria-keyshortcuts={name === 'diff' ? 'd' : undefined}
          onClick={() => state.set({ view: name })}
        >
          {names[name]}
          {name === 'diff' && differing > 0 && <span className={styles.badge}>{differing}</span>}
        </button>
      ))}
    </fieldset>
  )
}
