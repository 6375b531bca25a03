import type { AppRow, Condition } from '../../api/model'
import { useWords } from '../../i18n'
import type { Messages } from '../../i18n/en'
import { StatusIcon } from '../../parts/Status'
import { Ago } from '../../parts/Time'
import styles from './Application.module.css'

/** What the banners tell. */
const told = new Set(['Pinned', 'SyncWaiting'])

/** The application's conditions, each with what to do about it. */
export function Conditions({ app }: { app: AppRow }) {
  const { t } = useWords()
  const conditions = app.conditions.filter(condition => !told.has(condition.type))
  if (conditions.length === 0) return null
  return (
    <ul className={styles.conditions} aria-label={t.app.conditions}>
      {conditions.map(condition => (
        <li key={condition.type + condition.message} className={styles.condition} data-warning={isWarning(condition)}>
          <StatusIcon tone={isWarning(condition) ? 'drift' : 'bad'} />
          <div>
            <p>
              <strong>{condition.type}</strong>{' '}
              <span className="muted">
                <Ago time={condition.lastTransitionTime} />
              </span>
            </p>
            <p className={styles.conditionMessage}>{condition.message}</p>
            <p className={styles.advice}>{advice(condition, t)}</p>
          </div>
        </li>
      ))}
    </ul>
  )
}

/** Argo CD's convention: the type's ending tells the severity. */
function isWarning(condition: Condition): boolean {
  return condition.type.endsWith('Warning')
}

function advice(condition: Condition, t: Messages): string {
  const known: Readonly<Record<string, string>> = t.advice
  return known[condition.type] ?? t.advice.other
}
