import { type Forest, rootId } from './forest'

/** Sizes in CSS pixels at zoom 1. */
export const cardWidth = 224
export const cardHeight = 46
export const columnGap = 48
export const rowGap = 10
/** From this many leaves under one parent on they are packed into a block of several columns. */
const packFrom = 9
const packColumnsMax = 6

export interface Box {
  id: string
  x: number
  y: number
}

export interface Layout {
  boxes: ReadonlyMap<string, Box>
  /** The same boxes sorted by y, for finding those in a window. */
  byTop: readonly Box[]
  edges: readonly Edge[]
  width: number
  height: number
}

export interface Edge {
  from: Box
  to: Box
  /** Children packed into a block share one edge, to the block's first box. */
  packed: number
}

/** What is left to place: a node with all below it, or the packed leaves of a parent. */
type Task = { id: string; depth: number } | { parent: string; leaves: readonly string[]; depth: number }

interface Plan {
  boxes: Map<string, Box>
  edges: Edge[]
  width: number
  /** The top of the first free row. */
  bottom: number
}

/** Lays a forest out from left to right in O(n): depth gives the column, every subtree has a band of rows of its own, a
 * parent stands at its band's top, so the page reads like an outline and the root is always at the top left. Many leaves
 * under one parent become a block below the inner children: otherwise two hundred ConfigMaps would be a column that no
 * window can show. */
export function layoutForest(forest: Forest): Layout {
  const plan: Plan = { boxes: new Map(), edges: [], width: 0, bottom: 0 }
  const stack: Task[] = [{ id: rootId, depth: 0 }]
  for (let task = stack.pop(); task; task = stack.pop()) {
    if ('leaves' in task) placeLeaves(task, plan)
    else stack.push(...placeNode(forest, task, plan))
  }
  const byTop = [...plan.boxes.values()].sort((a, b) => a.y - b.y)
  return { boxes: plan.boxes, byTop, edges: plan.edges, width: plan.width, height: Math.max(0, plan.bottom - rowGap) }
}

/** Returns what stands below the node, last first. */
function placeNode(forest: Forest, { id, depth }: { id: string; depth: number }, plan: Plan): Task[] {
  const box = place(plan, { id, x: columnX(depth), y: plan.bottom })
  const parent = id === rootId ? undefined : plan.boxes.get(forest.parents.get(id) ?? rootId)
  if (parent) plan.edges.push({ from: parent, to: box, packed: 0 })
  const children = forest.children.get(id) ?? []
  if (children.length === 0) {
    plan.bottom += cardHeight + rowGap
    return []
  }
  const leaves = packable(forest, children)
  const packed = new Set(leaves)
  const inner = children.filter(child => !packed.has(child)).map(child => ({ id: child, depth: depth + 1 }))
  const below: Task[] = leaves.length > 0 ? [{ parent: id, leaves, depth: depth + 1 }] : []
  return [...below, ...inner.reverse()]
}

function placeLeaves(
  { parent, leaves, depth }: { parent: string; leaves: readonly string[]; depth: number },
  plan: Plan,
): void {
  // Cards are wide and low: the root of the ratio makes the block about as wide as high.
  const columns = Math.min(packColumnsMax, Math.max(2, Math.round(Math.sqrt((leaves.length * cardHeight) / cardWidth))))
  const top = plan.bottom
  leaves.forEach((id, i) => {
    const x = columnX(depth) + (i % columns) * (cardWidth + rowGap)
    place(plan, { id, x, y: top + Math.floor(i / columns) * (cardHeight + rowGap) })
  })
  plan.bottom = top + Math.ceil(leaves.length / columns) * (cardHeight + rowGap)
  const from = plan.boxes.get(parent)
  const to = plan.boxes.get(leaves[0] ?? '')
  if (from && to) plan.edges.push({ from, to, packed: leaves.length })
}

function place(plan: Plan, box: Box): Box {
  plan.boxes.set(box.id, box)
  plan.width = Math.max(plan.width, box.x + cardWidth)
  return box
}

function packable(forest: Forest, children: readonly string[]): readonly string[] {
  const leaves = children.filter(child => !forest.children.has(child))
  return leaves.length >= packFrom ? leaves : []
}

function columnX(depth: number): number {
  return depth * (cardWidth + columnGap)
}

export interface Window {
  left: number
  top: number
  right: number
  bottom: number
}

/** The boxes that a window shows, found by bisection on their tops. */
export function boxesIn(layout: Layout, window: Window): Box[] {
  const { byTop } = layout
  let low = 0
  let high = byTop.length
  while (low < high) {
    const mid = (low + high) >> 1
    if ((byTop[mid]?.y ?? 0) + cardHeight < window.top) low = mid + 1
    else high = mid
  }
  const found: Box[] = []
  for (let i = low; i < byTop.length; i += 1) {
    const box = byTop[i]
    if (!box || box.y > window.bottom) break
    if (box.x <= window.right && box.x + cardWidth >= window.left) found.push(box)
  }
  return found
}

export type Direction = 'left' | 'right' | 'up' | 'down'

/** Where an arrow key leads: sideways along ownership, up and down to the nearest card of the same column, or, at a
 * column's end, of any. */
export function neighbour(layout: Layout, forest: Forest, id: string, direction: Direction): string | undefined {
  const box = layout.boxes.get(id)
  if (!box) return undefined
  if (direction === 'left')
    return id === rootId ? undefined : (previousInBlock(layout, box) ?? forest.parents.get(id) ?? rootId)
  if (direction === 'right') return nextInBlock(layout, forest, box) ?? nearestChild(layout, forest, box)
  return nearestVertical(layout, box, direction)
}

function nearestChild(layout: Layout, forest: Forest, box: Box): string | undefined {
  const children = (forest.children.get(box.id) ?? []).map(id => layout.boxes.get(id)).filter(b => b !== undefined)
  return nearest(children, other => Math.abs(other.y - box.y) + (other.x - box.x) / 1000)
}

function nearestVertical(layout: Layout, box: Box, direction: 'up' | 'down'): string | undefined {
  const sign = direction === 'down' ? 1 : -1
  const ahead = layout.byTop.filter(other => (other.y - box.y) * sign > 0 && other.x === box.x)
  return nearest(ahead, other => (other.y - box.y) * sign)
}

// Inside a packed block, cards of one row are siblings beside one another.
function previousInBlock(layout: Layout, box: Box): string | undefined {
  return sameRow(layout, box).find(other => other.x === box.x - cardWidth - rowGap)?.id
}

function nextInBlock(layout: Layout, forest: Forest, box: Box): string | undefined {
  if (forest.children.has(box.id)) return undefined
  return sameRow(layout, box).find(other => other.x === box.x + cardWidth + rowGap)?.id
}

function sameRow(layout: Layout, box: Box): Box[] {
  return boxesIn(layout, { left: -Infinity, right: Infinity, top: box.y, bottom: box.y }).filter(b => b.y === box.y)
}

function nearest(boxes: readonly Box[], distance: (box: Box) => number): string | undefined {
  let best: Box | undefined
  for (const box of boxes) {
    if (!best || distance(box) < distance(best)) best = box
  }
  return best?.id
}
