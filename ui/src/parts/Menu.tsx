import { type ReactNode, useEffect, useId, useRef, useState } from 'react'
import styles from './Menu.module.css'
import { type MenuItem, MenuList } from './MenuList'

export type { MenuItem }

interface MenuProps {
  label: string
  className?: string
  /** What the button shows. */
  children: ReactNode
  items: readonly MenuItem[]
  /** Stands below the items, or instead of them: that they are being loaded, or why there are none. */
  note?: string | undefined
  onOpen?: () => void
}

/** A button with a menu below it, after the WAI-ARIA menu button pattern. */
export function Menu({ label, className = 'icon-button', children, items, note, onOpen }: MenuProps) {
  const [open, setOpen] = useState(false)
  const anchor = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const id = useId()
  useEffect(() => {
    if (!open) return
    const outside = (event: PointerEvent): void => {
      if (event.target instanceof Node && !anchor.current?.contains(event.target)) setOpen(false)
    }
    addEventListener('pointerdown', outside)
    return () => removeEventListener('pointerdown', outside)
  }, [open])
  const show = (): void => {
    if (!open) onOpen?.()
    setOpen(true)
  }
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
        onClick={() => (open ? setOpen(false) : show())}
        onKeyDown={event => {
          if (event.key === 'ArrowDown') show()
        }}
      >
        {children}
      </button>
      {open && <MenuList id={id} label={label} items={items} note={note} className={styles.below} close={close} />}
    </div>
  )
}
