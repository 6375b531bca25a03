import { useVirtualizer } from '@tanstack/react-virtual'
import { useMemo, useRef } from 'react'
import { useWords } from '../i18n'
import { CopyButton } from './CopyButton'
import styles from './Yaml.module.css'

const lineHeight = 18
const keyPattern = /^(\s*(?:- )*)([\w./$-]+|"[^"]*"|'[^']*')(:)(?=\s|$)(.*)$/s

/** A manifest to read: windowed, so that a CRD of ten thousand lines costs no more than a Service. */
export function Yaml({ text, label }: { text: string; label: string }) {
  const { t } = useWords()
  const scroller = useRef<HTMLElement>(null)
  const lines = useMemo(() => text.replace(/\n$/, '').split('\n'), [text])
  const widest = useMemo(() => lines.reduce((most, line) => Math.max(most, line.length), 0), [lines])
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => lineHeight,
    overscan: 12,
  })
  return (
    <div className={styles.yaml}>
      <div className={styles.bar}>
        <span>{t.inspector.lines(lines.length)}</span>
        <CopyButton text={text} label={label} />
      </div>
      <section ref={scroller} className={styles.scroller} aria-label={label} tabIndex={0}>
        <div className={styles.lines} style={{ height: virtual.getTotalSize(), width: `calc(62px + ${widest}ch)` }}>
          {virtual.getVirtualItems().map(item => (
            <div
              key={item.key}
              className={styles.line}
              data-line={item.index + 1}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <Line text={lines[item.index] ?? ''} />
            </div>
          ))}
        </div>
      </section>
    </div>
  )
}

function Line({ text }: { text: string }) {
  if (/^\s*#/.test(text)) return <span className={styles.comment}>{text}</span>
  const match = keyPattern.exec(text)
  if (!match) return text
  const [, indent, key, colon, rest] = match
  return (
    <>
      {indent}
      <span className={styles.key}>{key}</span>
      {colon}
      {rest}
    </>
  )
}
