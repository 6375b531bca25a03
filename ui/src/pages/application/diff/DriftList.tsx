import type { Change } from '../../../api/model'
import { useWords } from '../../../i18n'
import { instant } from '../../../i18n/format'
import { CopyButton } from '../../../parts/CopyButton'
import { useNow } from '../../../parts/clock'
import { Status } from '../../../parts/Status'
import styles from './Drift.module.css'
import { autoscaledLine, autoscalersOf, isAutoscaled, isMasked, secrecy } from './diff'

/** Field by field: what Git wants, what the cluster has, who made it so and when. */
export function DriftList({ changes }: { changes: readonly Change[] }) {
  return (
    <ul className={styles.drift}>
      {changes.map(change => (
        <li key={change.path} className={styles.entry}>
          <Drift change={change} />
        </li>
      ))}
    </ul>
  )
}

/** One field that differs. */
export function Drift({ change }: { change: Change }) {
  const { t } = useWords()
  const secret = secrecy(change)
  return (
    <>
      <p className={styles.head}>
        <code className={styles.path}>{change.path}</code>
        {change.immutable && <Status tone="bad" text={t.diff.immutable} />}
      </p>
      <dl className={styles.values}>
        <dt>{t.inspector.fromDesired}</dt>
        <dd className={styles.desired}>
          <Value text={change.desired} />
        </dd>
        <dt>{t.inspector.toLive}</dt>
        <dd className={styles.live}>
          <Value text={change.live} />
        </dd>
      </dl>
      {secret === 'different' && <p className={styles.remark}>{t.diff.maskedDifferent}</p>}
      {secret === 'equal' && <p className={styles.remark}>{t.diff.maskedEqual}</p>}
      {change.immutable && <p className={styles.warning}>{t.diff[change.immutable] ?? t.diff.immutable}</p>}
      {isAutoscaled(change) ? (
        <Autoscaled by={autoscalersOf(change)} />
      ) : (
        change.advice && <p className={styles.remark}>{change.advice}</p>
      )}
      <Author change={change} />
    </>
  )
}

/** What to do where people and an autoscaler both set the replicas, with the line to write. */
function Autoscaled({ by }: { by: string }) {
  const { t } = useWords()
  return (
    <div className={styles.proposal}>
      <p>{t.diff.autoscaled(by)}</p>
      <p className={styles.line}>
        <code>{autoscaledLine}</code>
        <CopyButton text={autoscaledLine} label={autoscaledLine} />
      </p>
    </div>
  )
}

function Value({ text }: { text: string }) {
  const { t } = useWords()
  if (!text) return <i>{t.inspector.absent}</i>
  if (isMasked(text)) return <i>•••••• {t.diff.hidden}</i>
  return text
}

function Author({ change }: { change: Change }) {
  const { t, format } = useWords()
  const now = useNow()
  const at = instant(change.at)
  if (!change.manager && at === undefined) return null
  const when = at === undefined ? t.common.unknownTime : format.ago(at, now)
  return (
    <p className={styles.by} title={format.exact(change.at)}>
      {t.inspector.changedBy(change.manager, when)}
    </p>
  )
}
