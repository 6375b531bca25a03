import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { Icon } from './Icon'
import styles from './Menu.module.css'

export interface MenuItem {
  label: string
  hint?: string
  /** Given for choices of which one is in force; absent for actions. */
  checked?: boolean
  lang?: string
  run(): void
}

interface MenuProps {
  label: string
  className?: string
  /** What the button shows. */
  children: ReactNode
  items: readonly MenuItem[]
}

/** A button with a menu below it, after the WAI-ARIA menu button pattern. */
export function Menu({ label, className = 'icon-button', children, items }: MenuProps) {
  const [open, setOpen] = useState(false)
  const anchor = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const id = useId()
  useEffect(() => {
    if (!open) return
    const chosen = anchor.current?.querySelector<HTMLElement>('[aria-checked=true]')
    const first = chosen ?? anchor.current?.querySelector<HTMLElement>('[role^=menuitem]')
    first?.focus()
    const outside = (event: PointerEvent): void => {
      if (event.target instanceof Node && !anchor.current?.contains(event.target)) setOpen(false)
    }
    addEventListener('pointerdown', outside)
    return () => removeEventListener('pointerdown', outside)
  }, [open])
  const close = (): void => {
    setOpen(false)
    button.current?.focus()
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only watches the focus leave the parts inside
    <div
      className={styles.anchor}
      ref={anchor}
      onBlur={event => {
        if (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget)) setOpen(false)
      }}
    >
      <button
        ref={button}
        type="button"
        className={className}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        aria-label={label}
        title={label}
        onClick={() => setOpen(!open)}
        onKeyDown={event => {
          if (event.key === 'ArrowDown') setOpen(true)
        }}
      >
        {children}
      </button>
      {open && (
        <div
          className={styles.menu}
          role="menu"
          id={id}
          aria-label={label}
          onKeyDown={event => moveFocus(event, close)}
        >
          {items.map(item => (
            <Item key={item.label} item={item} close={close} />
          ))}
        </div>
      )}
    </div>
  )
}

function Item({ item, close }: { item: MenuItem; close(): void }) {
  const choice = item.checked !== undefined
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: aria-checked is set only together with menuitemradio
    <button
      type="button"
      role={choice ? 'menuitemradio' : 'menuitem'}
      aria-checked={item.checked}
      tabIndex={-1}
      lang={item.lang}
      className={choice ? styles.item : `${styles.item} ${styles.plain}`}
      onClick={() => {
        close()
        item.run()
      }}
    >
      {choice && <span className={styles.mark}>{item.checked && <Icon name="check" />}</span>}
      <span>{item.label}</span>
      {item.hint && <span className={styles.hint}>{item.hint}</span>}
    </button>
  )
}

function moveFocus(event: KeyboardEvent<HTMLElement>, close: () => void): void {
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>('[role^=menuitem]')]
  const current = items.indexOf(document.activeElement as HTMLElement)
  const targets: Partial<Record<string, number>> = {
    ArrowDown: (current + 1) % items.length,
    ArrowUp: (current - 1 + items.length) % items.length,
    Home: 0,
    End: items.length - 1,
  }
  const target = targets[event.key]
  if (target !== undefined) items[target]?.focus()
  if (event.key === 'Escape') close()
  if (target === undefined && event.key !== 'Escape') return
  event.preventDefault()
  event.stopPropagation()
}
