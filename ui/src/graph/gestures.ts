import { type RefObject, useEffect, useRef } from 'react'

export interface GestureHandlers {
  /** Movement in CSS pixels. */
  onPan(dx: number, dy: number): void
  /** Factor, and the fixed point in the element's CSS pixels. */
  onZoom(factor: number, x: number, y: number): void
  /** A press and release without movement, on the plane itself. */
  onTap(x: number, y: number): void
}

interface Point {
  x: number
  y: number
}

/** Below this many pixels a drag is a shaky click. */
const slop = 4

/** Drag, wheel, pinch and tap on a plane. The wheel scrolls, with Ctrl or Command (also what a touchpad's pinch sends)
 * it zooms. */
export function useGestures(ref: RefObject<HTMLElement | null>, handlers: GestureHandlers): void {
  const latest = useRef(handlers)
  latest.current = handlers
  useEffect(() => {
    const element = ref.current
    if (!element) return
    const listening = new AbortController()
    const { signal } = listening
    const at = (event: MouseEvent): Point => {
      const { left, top } = element.getBoundingClientRect()
      return { x: event.clientX - left, y: event.clientY - top }
    }
    const wheel = (event: WheelEvent): void => {
      event.preventDefault()
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1
      if (event.ctrlKey || event.metaKey) {
        const { x, y } = at(event)
        latest.current.onZoom(Math.exp(-event.deltaY * unit * 0.004), x, y)
        return
      }
      const [dx, dy] = event.shiftKey ? [event.deltaY, event.deltaX] : [event.deltaX, event.deltaY]
      latest.current.onPan(-dx * unit, -dy * unit)
    }
    element.addEventListener('wheel', wheel, { signal, passive: false })
    trackPointers(element, at, latest, signal)
    return () => listening.abort()
  }, [ref])
}

function trackPointers(
  element: HTMLElement,
  at: (event: MouseEvent) => Point,
  latest: { current: GestureHandlers },
  signal: AbortSignal,
): void {
  const pointers = new Map<number, Point>()
  let travelled = 0
  const down = (event: PointerEvent): void => {
    if (event.button !== 0) return
    if (pointers.size === 0) travelled = 0
    pointers.set(event.pointerId, at(event))
  }
  const move = (event: PointerEvent): void => {
    const before = pointers.get(event.pointerId)
    if (!before) return
    const now = at(event)
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1]
    pointers.set(event.pointerId, now)
    travelled += Math.hypot(now.x - before.x, now.y - before.y)
    if (travelled < slop) return
    // Captured only now, so that a plain click still reaches the card under it.
    element.setPointerCapture(event.pointerId)
    if (other) {
      const factor =
        Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y))
      latest.current.onZoom(factor, other.x, other.y)
    } else {
      latest.current.onPan(now.x - before.x, now.y - before.y)
    }
  }
  const up = (event: PointerEvent): void => {
    const point = pointers.get(event.pointerId)
    if (!pointers.delete(event.pointerId) || !point || event.type === 'pointercancel') return
    const onPlane = event.target instanceof Element && !event.target.closest('button')
    if (travelled < slop && onPlane) latest.current.onTap(point.x, point.y)
  }
  element.addEventListener('pointerdown', down, { signal })
  element.addEventListener('pointermove', move, { signal })
  element.addEventListener('pointerup', up, { signal })
  element.addEventListener('pointercancel', up, { signal })
}
