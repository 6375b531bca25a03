/** Whose menu is wanted, at which point of the window. */
export interface MenuAt {
  id: string
  x: number
  y: number
}

/** The card or row of a resource. */
export function cardOf(host: HTMLElement | null, id: string): HTMLElement | null | undefined {
  return host?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`)
}

/** At the pointer, if it is on a card or row. */
export function menuUnder({ target, clientX: x, clientY: y }: MouseEvent): MenuAt | undefined {
  const card = target instanceof Element ? target.closest<HTMLElement>('[data-id]') : null
  return card?.dataset.id ? { id: card.dataset.id, x, y } : undefined
}

/** Below the card or row, for those who ask by key. */
export function menuBelow(host: HTMLElement | null, id: string): MenuAt {
  const { left = 0, bottom = 0 } = cardOf(host, id)?.getBoundingClientRect() ?? {}
  return { id, x: left + 24, y: bottom - 4 }
}

/** Opens a menu instead of the browser's, where there is one. */
export function takeMenu(
  event: { preventDefault(): void },
  menu: MenuAt | undefined,
  open: (menu: MenuAt) => void,
): void {
  if (!menu) return
  event.preventDefault()
  open(menu)
}
