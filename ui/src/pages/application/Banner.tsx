import type { ReactNode } from 'react'
import { StatusIcon } from '../../parts/Status'
import type { Tone } from '../../parts/tone'
import styles from './Banners.module.css'

interface BannerProps {
  label: string
  tone: Tone
  title: ReactNode
  detail: ReactNode
  children?: ReactNode
}

/** What holds an application or went wrong with it, and what one can do about it. */
export function Banner({ label, tone, title, detail, children }: BannerProps) {
  return (
    <section className={styles.banner} data-tone={tone} aria-label={label}>
      <StatusIcon tone={tone} />
      <div className={styles.text}>
        <p className={styles.title}>{title}</p>
        {detail && <p className={styles.detail}>{detail}</p>}
      </div>
      {children}
    </section>
  )
}
