import type { AppRow } from '../../api/model'
import { useWords } from '../../i18n'
import { instant } from '../../i18n/format'
import { useNow } from '../../parts/clock'
import { Phase } from '../../parts/Status'
import { shortSha } from '../describe'
import styles from './Application.module.css'

/** The running operation; absent when none runs. */
export function OperationProgress({ app }: { app: AppRow }) {
  const { t, format } = useWords()
  const now = useNow()
  const { operation } = app
  if (!operation || (operation.phase !== 'Running' && operation.phase !== 'Terminating')) return null
  const when = format.ago(instant(operation.startedAt) ?? now, now)
  const started = operation.automated
    ? t.app.startedAutomatically(when)
    : t.app.startedBy(operation.initiatedBy || '—', when)
  return (
    <section className={styles.operation} aria-label={t.app.operation}>
      <div className={styles.operationLine}>
        <Phase phase={operation.phase} pill />
        {operation.revision && <code>{shortSha(operation.revision)}</code>}
        <span className={styles.operationMessage}>{operation.message}</span>
        <span className="muted">
          {started}
          {operation.retryCount > 0 && ` · ${t.app.retries(operation.retryCount)}`}
        </span>
        <span className={styles.operationCount}>
          {operation.total > 0 && t.app.operationProgress(operation.done, operation.total)}
        </span>
      </div>
      <progress
        className={styles.progress}
        aria-label={t.app.operation}
        max={operation.total || 1}
        value={operation.total > 0 ? operation.done : undefined}
      />
    </section>
  )
}
