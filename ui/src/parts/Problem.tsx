import type { ReactNode } from 'react'
import styles from './Problem.module.css'
import { StatusIcon } from './Status'

interface ProblemProps {
  title: string
  detail: string
  action?: string
  onAction?: () => void
}

/** A failure inside a panel: what, why, and a way on. */
export function Problem({ title, detail, action, onAction }: ProblemProps) {
  return (
    <div className={styles.problem} role="alert">
      <StatusIcon tone="bad" />
      <div className={styles.text}>
        <p className={styles.title}>{title}</p>
        <p className="muted">{detail}</p>
      </div>
      {action && (
        <button type="button" className="button small" onClick={onAction}>
          {action}
        </button>
      )}
    </div>
  )
}

/** An empty place with its explanation and what to do next. */
export function Notice({ title, hint, children }: { title: string; hint?: string; children?: ReactNode }) {
  return (
    <div className={styles.notice}>
      <h2>{title}</h2>
      {hint && <p className="muted">{hint}</p>}
      {children && <div className={styles.actions}>{children}</div>}
    </div>
  )
}
