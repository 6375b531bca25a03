import type { ResourceNode } from '../api/model'
import type { Tone } from '../parts/tone'
import { boxesIn, cardHeight, cardWidth, columnGap, type Edge, type Layout, type Window } from './layout'
import { nodeTone } from './tone'
import { cardZoom, type Size, type Viewport, windowOf } from './viewport'

export type Palette = Readonly<Record<Tone | 'edge' | 'block', string>>

const tokens: Readonly<Record<keyof Palette, string>> = {
  good: '--good',
  running: '--running',
  bad: '--bad',
  drift: '--drift',
  missing: '--missing',
  paused: '--paused',
  unknown: '--unknown',
  edge: '--line-strong',
  block: '--unknown',
}

/** Reads the theme's colours as the browser resolves them: a canvas knows no custom properties. */
export function readPalette(probe: HTMLElement): Palette {
  const entries = Object.entries(tokens).map(([name, token]) => {
    probe.style.color = `var(${token})`
    return [name, getComputedStyle(probe).color]
  })
  return Object.fromEntries(entries) as Palette
}

export interface Picture {
  layout: Layout
  nodes: ReadonlyMap<string, ResourceNode>
  view: Viewport
  size: Size
  palette: Palette
  selected: string
}

/** Draws the edges and, where cards would be too small to read, a block for each node. */
export function paint(canvas: HTMLCanvasElement, picture: Picture): void {
  const { view, size, layout, palette } = picture
  const context = canvas.getContext('2d')
  if (!context) return
  const ratio = devicePixelRatio || 1
  const width = Math.round(size.width * ratio)
  const height = Math.round(size.height * ratio)
  if (canvas.width !== width) canvas.width = width
  if (canvas.height !== height) canvas.height = height
  context.setTransform(1, 0, 0, 1, 0, 0)
  context.clearRect(0, 0, width, height)
  context.setTransform(view.zoom * ratio, 0, 0, view.zoom * ratio, view.panX * ratio, view.panY * ratio)
  const window = windowOf(view, size)
  context.strokeStyle = palette.edge
  context.lineWidth = Math.max(1.25, 0.75 / view.zoom)
  context.beginPath()
  for (const edge of layout.edges) traceEdge(context, edge, window)
  context.stroke()
  if (view.zoom < cardZoom) paintBlocks(context, picture, window)
}

/** A right-angled way with rounded corners, through the gap before the child's column. */
function traceEdge(context: CanvasRenderingContext2D, { from, to }: Edge, window: Window): void {
  const startX = from.x + cardWidth
  const startY = from.y + cardHeight / 2
  const endX = to.x
  const endY = to.y + cardHeight / 2
  if (endX < window.left || startX > window.right || endY < window.top || startY > window.bottom) return
  const middle = startX + columnGap / 2
  const radius = Math.min(8, Math.abs(endY - startY) / 2)
  context.moveTo(startX, startY)
  context.arcTo(middle, startY, middle, endY, radius)
  context.arcTo(middle, endY, endX, endY, radius)
  context.lineTo(endX, endY)
}

function paintBlocks(
  context: CanvasRenderingContext2D,
  { layout, nodes, palette, selected }: Picture,
  window: Window,
): void {
  const byColour = new Map<string, Path2D>()
  for (const box of boxesIn(layout, window)) {
    const node = nodes.get(box.id)
    const tone = node ? nodeTone(node) : 'unknown'
    const colour = tone ? palette[tone] : palette.block
    const path = byColour.get(colour) ?? new Path2D()
    path.roundRect(box.x, box.y, cardWidth, cardHeight, 6)
    byColour.set(colour, path)
  }
  for (const [colour, path] of byColour) {
    context.fillStyle = colour
    // Good news keeps in the background, so that the rest can be seen from afar.
    context.globalAlpha = colour === palette.good || colour === palette.block ? 0.35 : 0.95
    context.fill(path)
  }
  context.globalAlpha = 1
  const chosen = layout.boxes.get(selected)
  if (!chosen) return
  context.strokeStyle = palette.running
  context.lineWidth = 6
  context.strokeRect(chosen.x, chosen.y, cardWidth, cardHeight)
}
