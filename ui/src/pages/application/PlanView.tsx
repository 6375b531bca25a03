import { useWords } from '../../i18n'
import { Problem } from '../../parts/Problem'
import { Skeleton } from '../../parts/Skeleton'
import { DriftList } from './DriftList'
import type { PlannedAction, PlannedChange, SyncPlan } from './plan'
import styles from './SyncDialog.module.css'

const signs: Readonly<Record<PlannedAction, string>> = { create: '+', update: '~', delete: '−', keep: '·' }
/** Beyond this many the reader wants the count, not the rows. */
const rowLimit = 200

interface PlanViewProps {
  plan: SyncPlan | undefined
  problem: string
  again(): void
  note: string
}

export function PlanView({ plan, problem, again, note }: PlanViewProps) {
  const { t } = useWords()
  return (
    <section className={styles.group} aria-label={t.syncDialog.plan}>
      <h3 className={styles.legend}>{t.syncDialog.plan}</h3>
      {note && <p className={styles.hint}>{note}</p>}
      <div className={styles.plan}>
        {problem && (
          <Problem title={t.syncDialog.planFailed} detail={problem} action={t.common.retry} onAction={again} />
        )}
        {!plan && !problem && <Skeleton lines={3} />}
        {plan && <PlanRows plan={plan} />}
      </div>
    </section>
  )
}

function PlanRows({ plan }: { plan: SyncPlan }) {
  const { t } = useWords()
  if (plan.changes.length === 0) return <p className={styles.nothing}>{t.syncDialog.nothing}</p>
  const hidden = plan.changes.length - rowLimit
  return (
    <>
      <ul>
        {plan.changes.slice(0, rowLimit).map(change => (
          <PlanRow key={change.id} change={change} />
        ))}
      </ul>
      {hidden > 0 && <p className={styles.rest}>{t.list.more(hidden)}</p>}
      {plan.unchanged > 0 && <p className={styles.rest}>{t.syncDialog.unchanged(plan.unchanged)}</p>}
    </>
  )
}

function PlanRow({ change }: { change: PlannedChange }) {
  const head = <PlanHead change={change} />
  if (change.action !== 'update') {
    return (
      <li className={styles.planRow} data-action={change.action}>
        <div className={styles.planHead}>{head}</div>
      </li>
    )
  }
  return (
    <li className={styles.planRow} data-action={change.action}>
      <details>
        <summary className={styles.planHead}>{head}</summary>
        <DriftList changes={change.changes} />
      </details>
    </li>
  )
}

function PlanHead({ change: { action, ref, changes } }: { change: PlannedChange }) {
  const { t } = useWords()
  return (
    <>
      <b className={styles.sign} aria-hidden="true">
        {signs[action]}
      </b>
      <span className={styles.planName}>
        <span className="muted">{ref.kind}</span> {ref.name}
        {ref.namespace && <span className="muted"> {ref.namespace}</span>}
      </span>
      <span className={styles.planAction}>
        {t.syncDialog[action]}
        {action === 'update' && ` · ${t.syncDialog.fields(changes.length)}`}
      </span>
    </>
  )
}
