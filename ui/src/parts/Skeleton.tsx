import { useEffect, useState } from 'react'
import { useWords } from '../i18n'
import styles from './Skeleton.module.css'

/** What is quick enough needs no placeholder: one that flashes only disturbs. */
const patience = 150
const widths = [38, 62, 54, 70, 46, 58, 66, 42]

export function Skeleton({ lines = 6 }: { lines?: number }) {
  const { t } = useWords()
  const [late, setLate] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), patience)
    return () => clearTimeout(timer)
  }, [])
  if (!late) return null
  return (
    <div className={styles.skeleton} role="status" aria-label={t.common.loading}>
      {Array.from({ length: lines }, (_, line) => `line-${line}`).map((key, line) => (
        <div key={key} className={styles.bar} style={{ width: `${widths[line % widths.length]}%` }} />
      ))}
    </div>
  )
}
