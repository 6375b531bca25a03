import { useState } from 'react'
import { terminate } from '../../api/commands'
import { type AppRow, appKey, type Operation, type OperationResult } from '../../api/model'
import { useWords } from '../../i18n'
import type { Messages } from '../../i18n/en'
import { instant } from '../../i18n/format'
import { useNow } from '../../parts/clock'
import { Icon } from '../../parts/Icon'
import { Phase, StatusIcon } from '../../parts/Status'
import { useToasts } from '../../parts/Toasts'
import { useDeeds } from '../../store/hooks'
import { shortSha } from '../describe'
import { describeFailure } from '../failure'
import styles from './OperationPanel.module.css'
import { groupResults, outcome, type ResultGroup, resultsOf, worthShowing } from './results'

/** The running or the last operation: how it stands, what it waits for, and what it did by phase and wave. */
export function OperationPanel({ app }: { app: AppRow }) {
  const { t } = useWords()
  const { rows } = useDeeds(appKey(app))
  // What has opened by itself stays open when all is well: somebody may be reading it.
  const [open, setOpen] = useState<boolean>()
  const { operation } = app
  if (!operation) return null
  const running = isRunning(operation)
  const failed = operation.phase === 'Failed' || operation.phase === 'Error'
  const results = operation.startedAt ? resultsOf(rows) : [] // else they are those of the one before
  return (
    <section className={styles.panel} aria-label={running ? t.app.operation : t.operation.last}>
      <Line app={app} operation={operation} running={running} />
      {running && (
        <progress
          className={styles.progress}
          aria-label={t.app.operation}
          max={operation.total || 1}
          value={operation.total > 0 ? operation.done : undefined}
        />
      )}
      {results.length > 0 && (
        <details
          className={styles.details}
          open={open ?? (running || failed)}
          onToggle={event => setOpen(event.currentTarget.open)}
        >
          <summary>{t.operation.results(results.length)}</summary>
          <Results results={results} />
        </details>
      )}
    </section>
  )
}

function isRunning({ phase }: Operation): boolean {
  return phase === 'Running' || phase === 'Terminating'
}

function Line({ app, operation, running }: { app: AppRow; operation: Operation; running: boolean }) {
  const { t, format } = useWords()
  const now = useNow()
  const at = instant(running ? operation.startedAt : operation.finishedAt) ?? now
  return (
    <div className={styles.line}>
      <Phase phase={operation.phase} pill />
      {operation.revision && <code>{shortSha(operation.revision)}</code>}
      <span className={styles.message}>{operation.message}</span>
      <span className="muted" title={format.exact(running ? operation.startedAt : operation.finishedAt)}>
        {who(operation, running, format.ago(at, now), t)}
        {operation.retryCount > 0 && ` · ${t.app.retries(operation.retryCount)}`}
      </span>
      {running && operation.total > 0 && (
        <span className={styles.count}>{t.app.operationProgress(operation.done, operation.total)}</span>
      )}
      {running && <Terminate app={app} stopping={operation.phase === 'Terminating'} />}
    </div>
  )
}

function who({ automated, initiatedBy }: Operation, running: boolean, when: string, t: Messages): string {
  const by = initiatedBy || '—'
  if (running) return automated ? t.app.startedAutomatically(when) : t.app.startedBy(by, when)
  return automated ? t.operation.endedAutomatically(when) : t.operation.ended(by, when)
}

function Terminate({ app, stopping }: { app: AppRow; stopping: boolean }) {
  const { t } = useWords()
  const say = useToasts()
  const [sending, setSending] = useState(false)
  const stop = async (): Promise<void> => {
    setSending(true)
    try {
      await terminate(app)
      say('good', t.operation.terminating(app.name))
    } catch (error) {
      say('bad', t.failure.command(t.failure.terminate, describeFailure(error, t)))
    }
    setSending(false)
  }
  return (
    <button type="button" className="button small" disabled={sending || stopping} onClick={() => void stop()}>
      <Icon name="close" size={13} />
      {t.operation.terminate}
    </button>
  )
}

function Results({ results }: { results: readonly OperationResult[] }) {
  const { t } = useWords()
  const shown = worthShowing(results)
  return (
    <>
      {shown.length < results.length && <p className={styles.note}>{t.operation.some(shown.length, results.length)}</p>}
      <ol className={styles.groups}>
        {groupResults(shown).map(group => (
          <Group key={group.id} group={group} />
        ))}
      </ol>
    </>
  )
}

function Group({ group }: { group: ResultGroup }) {
  const { t } = useWords()
  return (
    <li>
      <h3 className={styles.group}>
        {group.phase} <span className="muted">{t.plan.wave(group.wave)}</span>
      </h3>
      <ul className={styles.results}>
        {group.results.map(result => (
          <Result key={`${result.group}/${result.kind}/${result.namespace}/${result.name}`} result={result} />
        ))}
      </ul>
    </li>
  )
}

function Result({ result }: { result: OperationResult }) {
  const { t } = useWords()
  const tone = outcome(result)
  return (
    <li className={styles.result}>
      <StatusIcon tone={tone} />
      <span className={styles.name}>
        <span className="muted">{result.kind}</span> {result.name}
        {result.namespace && <span className="muted"> {result.namespace}</span>}
        {result.hook && <span className={styles.hook}>{t.operation.hook}</span>}
      </span>
      <span className={styles.word} data-tone={tone}>
        {word(result, t)}
      </span>
      <span className={styles.resultMessage}>{result.message}</span>
    </li>
  )
}

function word({ hook, hookPhase, status }: OperationResult, t: Messages): string {
  if (hook && hookPhase) return t.operation.hookPhase[hookPhase] ?? hookPhase
  return status ? (t.operation.status[status] ?? status) : ''
}
