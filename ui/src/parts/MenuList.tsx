import { type KeyboardEvent, useEffect, useLayoutEffect, useRef } from 'react'
import { Icon } from './Icon'
import styles from './Menu.module.css'

export interface MenuItem {
  label: string
  hint?: string | undefined
  /** Given for choices of which one is in force; absent for actions. */
  checked?: boolean
  /** It stays readable, with its hint saying why, and does nothing. */
  disabled?: boolean | undefined
  /** A line above it sets it apart from what comes before. */
  apart?: boolean | undefined
  lang?: string
  run(): void
}

interface MenuListProps {
  id?: string
  label: string
  items: readonly MenuItem[]
  note?: string | undefined
  className?: string | undefined
  close(): void
}

/** The menu itself. It takes the focus, and gives it to an item as soon as there is one. */
export function MenuList({ id, label, items, note, className = '', close }: MenuListProps) {
  const menu = useRef<HTMLDivElement>(null)
  const some = items.length > 0
  useEffect(() => {
    const within = menu.current?.contains(document.activeElement) && document.activeElement !== menu.current
    if (within) return
    const chosen = some ? menu.current?.querySelector<HTMLElement>('[aria-checked=true]') : undefined
    const first = chosen ?? menu.current?.querySelector<HTMLElement>('[role^=menuitem]') ?? menu.current
    first?.focus()
  }, [some])
  return (
    <div
      ref={menu}
      className={`${styles.menu} ${className}`}
      role="menu"
      id={id}
      aria-label={label}
      tabIndex={-1}
      onKeyDown={event => moveFocus(event, close)}
    >
      {items.map(item => (
        <Item key={item.label} item={item} close={close} />
      ))}
      {note && (
        <p className={styles.note} role="status">
          {note}
        </p>
      )}
    </div>
  )
}

interface ContextMenuProps extends Omit<MenuListProps, 'className' | 'id'> {
  x: number
  y: number
}

/** A menu at a point of the window, kept within it. */
export function ContextMenu({ x, y, close, ...list }: ContextMenuProps) {
  const place = useRef<HTMLDivElement>(null)
  const before = useRef(document.activeElement)
  const latest = useRef(close)
  latest.current = close
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is in the menu decides its size
  useLayoutEffect(() => {
    const element = place.current
    if (!element) return
    const { width, height } = element.getBoundingClientRect()
    element.style.left = `${Math.max(8, Math.min(x, innerWidth - width - 8))}px`
    element.style.top = `${Math.max(8, Math.min(y, innerHeight - height - 8))}px`
  }, [x, y, list.items.length, list.note])
  useEffect(() => {
    const outside = (event: Event): void => {
      if (event.target instanceof Node && !place.current?.contains(event.target)) latest.current()
    }
    addEventListener('pointerdown', outside)
    addEventListener('wheel', outside, { passive: true })
    addEventListener('resize', outside)
    return () => {
      removeEventListener('pointerdown', outside)
      removeEventListener('wheel', outside)
      removeEventListener('resize', outside)
    }
  }, [])
  const leave = (): void => {
    close()
    if (before.current instanceof HTMLElement) before.current.focus({ preventScroll: true })
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only watches the focus leave the parts inside
    <div
      ref={place}
      className={styles.context}
      onBlur={event => {
        if (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget)) close()
      }}
    >
      <MenuList {...list} close={leave} />
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
      aria-disabled={item.disabled}
      tabIndex={-1}
      data-apart={item.apart}
      lang={item.lang}
      className={choice ? styles.item : `${styles.item} ${styles.plain}`}
      onClick={() => {
        if (item.disabled) return
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
