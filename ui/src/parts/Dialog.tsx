import { type ReactNode, useEffect, useId, useRef } from 'react'
import { useWords } from '../i18n'
import styles from './Dialog.module.css'
import { Icon } from './Icon'

interface DialogProps {
  title: string
  width?: number
  footer?: ReactNode
  onClose(): void
  children: ReactNode
}

/** A modal dialog for as long as it is mounted. The browser keeps the focus inside and gives it back afterwards. */
export function Dialog({ title, width, footer, onClose, children }: DialogProps) {
  const { t } = useWords()
  const titleId = useId()
  const ref = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const dialog = ref.current
    const before = document.activeElement
    dialog?.showModal()
    return () => {
      dialog?.close()
      if (before instanceof HTMLElement) before.focus({ preventScroll: true })
    }
  }, [])
  return (
    <dialog
      ref={ref}
      className={styles.dialog}
      aria-labelledby={titleId}
      style={width ? { width: `min(${width}px, calc(100vw - 24px))` } : undefined}
      onCancel={event => {
        event.preventDefault()
        onClose()
      }}
    >
      <header className={styles.header}>
        <h2 id={titleId}>{title}</h2>
        <button type="button" className="icon-button" aria-label={t.common.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <section className={styles.body} tabIndex={0} aria-labelledby={titleId}>
        {children}
      </section>
      {footer && <footer className={styles.footer}>{footer}</footer>}
    </dialog>
  )
}
