import { type Box, cardHeight, cardWidth, type Layout, type Window } from './layout'

/** Which part of the layout is seen: layout point (x, y) is drawn at ((x * zoom) + panX, (y * zoom) + panY). */
export interface Viewport {
  panX: number
  panY: number
  zoom: number
}

export interface Size {
  width: number
  height: number
}

export const minZoom = 0.02
export const maxZoom = 1.5
/** Below this zoom, text could not be read: cards are painted as coloured blocks instead. */
export const cardZoom = 0.55
const margin = 24

export function fitView(layout: Layout, size: Size): Viewport {
  const zoom = clampZoom(
    Math.min(
      1,
      (size.width - 2 * margin) / Math.max(1, layout.width),
      (size.height - 2 * margin) / Math.max(1, layout.height),
    ),
  )
  return { zoom, panX: Math.max(margin, (size.width - layout.width * zoom) / 2), panY: margin }
}

/** Where a page begins: the whole tree where it stays readable, else its top left at a size one can read. */
export function firstView(layout: Layout, size: Size): Viewport {
  const whole = fitView(layout, size)
  if (whole.zoom >= 0.75) return { ...whole, panX: margin }
  return { zoom: 0.9, panX: margin, panY: margin }
}

export function zoomAt(view: Viewport, factor: number, x: number, y: number): Viewport {
  const zoom = clampZoom(view.zoom * factor)
  const ratio = zoom / view.zoom
  return { zoom, panX: x - (x - view.panX) * ratio, panY: y - (y - view.panY) * ratio }
}

/** Keeps at least a corner of the layout in sight, so that nobody gets lost on an empty plane. */
export function clampPan(view: Viewport, layout: Layout, size: Size): Viewport {
  const keep = 80
  const panX = clamp(view.panX, keep - layout.width * view.zoom, size.width - keep)
  const panY = clamp(view.panY, keep - layout.height * view.zoom, size.height - keep)
  return panX === view.panX && panY === view.panY ? view : { ...view, panX, panY }
}

/** Moves the view only as far as needed to show a card whole. */
export function reveal(view: Viewport, box: Box, size: Size): Viewport {
  const left = box.x * view.zoom + view.panX
  const top = box.y * view.zoom + view.panY
  const dx = inward(left, cardWidth * view.zoom, size.width)
  const dy = inward(top, cardHeight * view.zoom, size.height)
  return dx === 0 && dy === 0 ? view : { ...view, panX: view.panX + dx, panY: view.panY + dy }
}

export function windowOf(view: Viewport, size: Size): Window {
  return {
    left: -view.panX / view.zoom,
    top: -view.panY / view.zoom,
    right: (size.width - view.panX) / view.zoom,
    bottom: (size.height - view.panY) / view.zoom,
  }
}

function inward(start: number, length: number, room: number): number {
  if (start < margin) return margin - start
  const over = start + length - (room - margin)
  return over > 0 ? -Math.min(over, start - margin) : 0
}

function clampZoom(zoom: number): number {
  return clamp(zoom, minZoom, maxZoom)
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, Math.min(low, high)), Math.max(low, high))
}
