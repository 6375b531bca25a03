import type { Change } from '../../api/model'
import { useWords } from '../../i18n'
import { instant } from '../../i18n/format'
import { useNow } from '../../parts/clock'
import styles from './Drift.module.css'

/** Field by field: what Git wants, what the cluster has, who made it so and when. */
export function DriftList({ changes }: { changes: readonly Change[] }) {
  return (
    <ul className={styles.drift}>
      {changes.map(change => (
        <Entry key={change.path} change={change} />
      ))}
    </ul>
  )
}

function Entry({ change }: { change: Change }) {
  const { t, format } = useWords()
  const now = useNow()
  const at = instant(change.at)
  const when = at === undefined ? t.common.unknownTime : format.ago(at, now)
  return (
    <li className={styles.entry}>
      <code className={styles.path}>{change.path}</code>
      <dl className={styles.values}>
        <dt>{t.inspector.fromDesired}</dt>
        <dd className={styles.desired}>{change.desired || <i>{t.inspector.absent}</i>}</dd>
        <dt>{t.inspector.toLive}</dt>
        <dd className={styles.live}>{change.live || <i>{t.inspector.absent}</i>}</dd>
      </dl>
      {(change.manager || at !== undefined) && (
        <p className={styles.by} title={format.exact(change.at)}>
          {t.inspector.changedBy(change.manager, when)}
        </p>
      )}
    </li>
  )
}
