import { useId, useState } from 'react'
import { rollBack } from '../../api/commands'
import { type AppRow, appKey, type Deployment } from '../../api/model'
import { useWords } from '../../i18n'
import { Dialog } from '../../parts/Dialog'
import { Notice } from '../../parts/Problem'
import { Skeleton } from '../../parts/Skeleton'
import { Status } from '../../parts/Status'
import { Ago } from '../../parts/Time'
import { useToasts } from '../../parts/Toasts'
import { useDeeds } from '../../store/hooks'
import { shortRevisions, shortSha } from '../describe'
import { describeFailure } from '../failure'
import styles from './HistoryDialog.module.css'
import { deploymentsOf } from './results'

interface HistoryDialogProps {
  app: AppRow
  onClose(): void
}

/** What was deployed when and by whom, and the way back to it. */
export function HistoryDialog({ app, onClose }: HistoryDialogProps) {
  const { t } = useWords()
  const { rows, loaded } = useDeeds(appKey(app))
  const [chosen, setChosen] = useState<Deployment>()
  const entries = deploymentsOf(rows)
  if (chosen) return <RollbackDialog app={app} entry={chosen} onBack={() => setChosen(undefined)} onClose={onClose} />
  return (
    <Dialog title={t.history.title(app.name)} width={680} onClose={onClose}>
      {!loaded && <Skeleton lines={4} />}
      {loaded && entries.length === 0 && <Notice title={t.history.empty} hint={t.history.emptyHint} />}
      <ul className={styles.list}>
        {entries.map((entry, index) => (
          <Entry key={entry.id} app={app} entry={entry} latest={index === 0} onChoose={() => setChosen(entry)} />
        ))}
      </ul>
    </Dialog>
  )
}

interface EntryProps {
  app: AppRow
  entry: Deployment
  latest: boolean
  onChoose(): void
}

function Entry({ app, entry, latest, onChoose }: EntryProps) {
  const { t } = useWords()
  const pinned = app.pin?.history === entry.id
  return (
    <li className={styles.entry}>
      <span className={styles.id}>{entry.id}</span>
      <div className={styles.what}>
        <p>
          <code>{shortRevisions(entry.revision, entry.sources)}</code>
          {!entry.sources && entry.source.targetRevision && entry.source.targetRevision !== entry.revision && (
            <span className="muted"> {entry.source.targetRevision}</span>
          )}
          {latest && <span className={styles.badge}>{t.history.latest}</span>}
          {pinned && <Status tone="paused" text={t.history.pinned} />}
        </p>
        <p className={styles.when}>
          <Ago time={entry.deployedAt} />
          {' · '}
          {entry.automated ? t.history.automated : t.history.by(entry.initiatedBy || '—')}
        </p>
      </div>
      <button
        type="button"
        className="button small"
        aria-label={t.history.rollBackTo(entry.id)}
        disabled={pinned}
        onClick={onChoose}
      >
        {t.history.rollBack}
      </button>
    </li>
  )
}

const hour = 3_600_000
/** For how long a pin may be set, in milliseconds; 0 is until somebody removes it. */
const spans = [0, hour, 8 * hour, 24 * hour, 7 * 24 * hour]

export interface RollbackDialogProps extends HistoryDialogProps {
  entry: Deployment
  onBack(): void
}

/** Pins the application to an entry of its history, and syncs it to that. */
export function RollbackDialog({ app, entry, onBack, onClose }: RollbackDialogProps) {
  const { t } = useWords()
  const say = useToasts()
  const id = useId()
  const [reason, setReason] = useState('')
  const [span, setSpan] = useState(0)
  const [untilNewerCommit, setUntilNewer] = useState(false)
  const [prune, setPrune] = useState(false)
  const [sending, setSending] = useState(false)
  const start = async (): Promise<void> => {
    setSending(true)
    try {
      const until = span > 0 ? new Date(Date.now() + span).toISOString() : ''
      await rollBack(app, { id: entry.id, prune, reason: reason.trim(), until, untilNewerCommit })
      say('good', t.history.started(app.name, shortRevisions(entry.revision, entry.sources)))
      onClose()
    } catch (error) {
      say('bad', t.failure.command(t.failure.rollBack, describeFailure(error, t)))
      setSending(false)
    }
  }
  const footer = (
    <>
      <button type="button" className="button" onClick={onBack}>
        {t.history.back}
      </button>
      <button type="button" className="button primary" disabled={sending} onClick={() => void start()}>
        {t.history.start(entry.sources ? String(entry.id) : shortSha(entry.revision))}
      </button>
    </>
  )
  return (
    <Dialog title={t.history.rollBackTitle(app.name, entry.id)} width={560} footer={footer} onClose={onClose}>
      <div className={styles.form}>
        <p>{app.autoSync ? t.history.explainAutomated : t.history.explain}</p>
        <div className={styles.field}>
          <label htmlFor={`${id}-reason`}>{t.history.reason}</label>
          <input
            id={`${id}-reason`}
            className="input"
            value={reason}
            maxLength={500}
            placeholder={t.history.reasonHint}
            onChange={event => setReason(event.target.value)}
          />
        </div>
        <div className={styles.field}>
          <label htmlFor={`${id}-until`}>{t.history.until}</label>
          <select
            id={`${id}-until`}
            className="input"
            value={span}
            onChange={event => setSpan(Number(event.target.value))}
          >
            {spans.map(value => (
              <option key={value} value={value}>
                {value === 0 ? t.history.forever : t.history.hours(value / hour)}
              </option>
            ))}
          </select>
        </div>
        <label className={styles.check}>
          <input type="checkbox" checked={untilNewerCommit} onChange={event => setUntilNewer(event.target.checked)} />
          <span>{t.history.untilNewer}</span>
        </label>
        <label className={styles.check}>
          <input type="checkbox" checked={prune} onChange={event => setPrune(event.target.checked)} />
          <span>{t.history.prune}</span>
        </label>
      </div>
    </Dialog>
  )
}
