import { useId, useState } from 'react'
import { Link, useSearch } from 'wouter'
import { fetchProblems } from '../../api/commands'
import { type AppRow, appKey, type Condition } from '../../api/model'
import { useWords } from '../../i18n'
import type { Messages } from '../../i18n/en'
import { CopyButton } from '../../parts/CopyButton'
import { Problem } from '../../parts/Problem'
import { useRequest } from '../../parts/request'
import { Skeleton } from '../../parts/Skeleton'
import { StatusIcon } from '../../parts/Status'
import { Ago } from '../../parts/Time'
import styles from './Application.module.css'
import { abortOf } from './object/rollout'

/** Whether a banner tells it. */
function isTold({ type }: Condition, app: AppRow): boolean {
  return type === 'Pinned' || type === 'SyncWaiting' || (type === 'RolloutAborted' && abortOf(app) !== undefined)
}

/** The application's conditions, each with what to do about it. */
export function Conditions({ app }: { app: AppRow }) {
  const { t } = useWords()
  const conditions = app.conditions.filter(condition => !isTold(condition, app))
  if (conditions.length === 0) return null
  return (
    <ul className={styles.conditions} aria-label={t.app.conditions}>
      {conditions.map(condition => (
        <li key={condition.type + condition.message} className={styles.condition} data-warning={isWarning(condition)}>
          <StatusIcon tone={isWarning(condition) ? 'drift' : 'bad'} />
          <div className={styles.conditionText}>
            <p>
              <strong>{condition.type}</strong>{' '}
              <span className="muted">
                <Ago time={condition.lastTransitionTime} />
              </span>
            </p>
            <p className={styles.conditionMessage}>{condition.message}</p>
            <p className={styles.advice}>{advice(condition, t)}</p>
            {condition.type === 'OrphanedResourceWarning' && <ShowOrphaned />}
            {condition.more && <Whole app={app} condition={condition} />}
          </div>
        </li>
      ))}
    </ul>
  )
}

/** The way to the resources that are meant, which the tree leaves out by default. */
function ShowOrphaned() {
  const { t } = useWords()
  const params = new URLSearchParams(useSearch())
  params.set('orphaned', 'true')
  if (params.get('view') === 'diff') params.delete('view')
  return (
    <Link href={`?${params}`} className="button small">
      {t.advice.showOrphaned}
    </Link>
  )
}

/** A button that opens the whole text of a condition whose message is its beginning. */
function Whole({ app, condition }: { app: AppRow; condition: Condition }) {
  const { t } = useWords()
  const [open, setOpen] = useState(false)
  const id = useId()
  return (
    <>
      <button
        type="button"
        className="button small"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        {open ? t.app.hideWhole : t.app.showWhole}
      </button>
      {open && (
        <div id={id} className={styles.whole}>
          <WholeText app={app} condition={condition} />
        </div>
      )}
    </>
  )
}

function WholeText({ app, condition }: { app: AppRow; condition: Condition }) {
  const { t } = useWords()
  const key = `${appKey(app)} ${condition.type} ${condition.message}`
  const { data, problem, again } = useRequest(key, signal => fetchProblems(app, signal))
  if (problem) return <Problem title={problem} detail="" action={t.common.retry} onAction={again} />
  if (!data) return <Skeleton lines={4} />
  const same = data.filter(one => one.type === condition.type)
  const found =
    same.find(one => one.message === condition.message) ?? same.find(one => startsAlike(one.message, condition))
  if (!found) return <p className="muted">{t.app.wholeGone}</p>
  return (
    <>
      <div className={styles.wholeBar}>
        <CopyButton text={found.text} label={condition.type} />
      </div>
      <section className={styles.wholeText} aria-label={condition.type} tabIndex={0}>
        <pre>{found.text}</pre>
      </section>
    </>
  )
}

/** A row cuts a message that is longer than most, with a mark. */
function startsAlike(message: string, condition: Condition): boolean {
  return condition.message.length > 1000 && message.startsWith(condition.message.slice(0, 1000))
}

/** Argo CD's convention: the type's ending tells the severity. */
function isWarning(condition: Condition): boolean {
  return condition.type.endsWith('Warning')
}

function advice(condition: Condition, t: Messages): string {
  const known: Readonly<Record<string, string>> = t.advice
  return known[condition.type] ?? t.advice.other
}
