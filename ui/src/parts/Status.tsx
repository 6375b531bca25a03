import type { HealthStatus, OperationPhase, SyncStatus } from '../api/model'
import { useWords } from '../i18n'
import { Icon } from './Icon'
import styles from './Status.module.css'
import { healthTone, phaseTone, syncTone, type Tone } from './tone'

interface StatusProps {
  tone: Tone
  text: string
  pill?: boolean | undefined
  title?: string | undefined
}

/** A state as shape, text and colour. */
export function Status({ tone, text, pill, title }: StatusProps) {
  const quiet = tone === 'good' && !pill
  const classes = [styles.status, styles[tone], pill && styles.pill, quiet && styles.quiet].filter(Boolean).join(' ')
  return (
    <span className={classes} title={title}>
      <StatusIcon tone={tone} />
      <span className={styles.text}>{text}</span>
    </span>
  )
}

export function StatusIcon({ tone, size = 14, label }: { tone: Tone; size?: number; label?: string }) {
  const classes = [styles.icon, styles[tone], tone === 'running' && styles.spin].filter(Boolean).join(' ')
  return <Icon name={tone} size={size} className={classes} label={label} />
}

export function Health({ status, pill }: { status: HealthStatus; pill?: boolean }) {
  const { t } = useWords()
  return (
    <Status
      tone={healthTone[status] ?? 'unknown'}
      text={t.health[status] ?? status}
      pill={pill}
      title={`${t.health.label}: ${status}`}
    />
  )
}

export function Sync({ status, pill }: { status: SyncStatus; pill?: boolean }) {
  const { t } = useWords()
  return (
    <Status
      tone={syncTone[status] ?? 'unknown'}
      text={t.sync[status] ?? status}
      pill={pill}
      title={`${t.sync.label}: ${status}`}
    />
  )
}

export function Phase({ phase, pill }: { phase: OperationPhase; pill?: boolean }) {
  const { t } = useWords()
  return (
    <Status
      tone={phaseTone[phase] ?? 'unknown'}
      text={t.phase[phase] ?? phase}
      pill={pill}
      title={`${t.phase.label}: ${phase}`}
    />
  )
}
