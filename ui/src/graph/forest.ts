import type { ResourceNode } from '../api/model'

/** The id of the application itself, the root of every tree. Resource ids always hold slashes. */
export const rootId = ''

export interface Forest {
  /** parent id -> ids of its children in display order; the root's id is '' */
  children: ReadonlyMap<string, readonly string[]>
  nodes: ReadonlyMap<string, ResourceNode>
  parents: ReadonlyMap<string, string>
}

const healthRank = ['Degraded', 'Missing', 'Progressing', 'Unknown', 'Suspended', '', 'Healthy']

/** Builds the ownership forest in O(n log n). An owner that is unknown, or that would close a cycle, is replaced by the
 * application, so every node is reachable from the root exactly once. */
export function buildForest(rows: readonly ResourceNode[]): Forest {
  const nodes = new Map(rows.map(node => [node.id, node]))
  const parents = new Map<string, string>()
  for (const node of rows) parents.set(node.id, nodes.has(node.parent) ? node.parent : rootId)
  breakCycles(parents)
  const children = new Map<string, string[]>()
  for (const node of [...rows].sort(inOrder)) {
    const parent = parents.get(node.id) ?? rootId
    const siblings = children.get(parent)
    if (siblings) siblings.push(node.id)
    else children.set(parent, [node.id])
  }
  return { children, nodes, parents }
}

function breakCycles(parents: Map<string, string>): void {
  const settled = new Set<string>([rootId])
  for (const start of parents.keys()) {
    const path = new Set<string>()
    let id = start
    while (!settled.has(id) && !path.has(id)) {
      path.add(id)
      id = parents.get(id) ?? rootId
    }
    if (path.has(id)) parents.set(id, rootId)
    for (const seen of path) settled.add(seen)
  }
}

function inOrder(a: ResourceNode, b: ResourceNode): number {
  return (
    Number(a.orphaned ?? false) - Number(b.orphaned ?? false) ||
    a.wave - b.wave ||
    healthRank.indexOf(a.health) - healthRank.indexOf(b.health) ||
    compare(a.kind, b.kind) ||
    compare(a.name, b.name) ||
    compare(a.id, b.id)
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Whether a resource wants attention. */
export function isProblem(node: ResourceNode): boolean {
  const unwell =
    node.health === 'Degraded' ||
    node.health === 'Missing' ||
    node.health === 'Progressing' ||
    node.health === 'Unknown'
  return unwell || node.sync === 'OutOfSync' || node.missing || node.prune
}

/** The part of the forest that leads to the wanted nodes: they and their owners. */
export function pruneForest(forest: Forest, wanted: (node: ResourceNode) => boolean): Forest {
  const kept = new Set<string>()
  for (const node of forest.nodes.values()) {
    if (!wanted(node)) continue
    for (let id = node.id; id !== rootId && !kept.has(id); id = forest.parents.get(id) ?? rootId) kept.add(id)
  }
  const children = new Map<string, readonly string[]>()
  for (const [parent, ids] of forest.children) {
    const left = ids.filter(id => kept.has(id))
    if (left.length > 0) children.set(parent, left)
  }
  const nodes = new Map([...forest.nodes].filter(([id]) => kept.has(id)))
  return { children, nodes, parents: forest.parents }
}

/** Empties collapsed nodes. They stay parents, of nothing, so that they keep their place among the inner nodes. */
export function collapseForest(forest: Forest, collapsed: ReadonlySet<string>): Forest {
  if (collapsed.size === 0) return forest
  const children = new Map<string, readonly string[]>()
  for (const [parent, ids] of forest.children) children.set(parent, collapsed.has(parent) ? [] : ids)
  return { children, nodes: forest.nodes, parents: forest.parents }
}

/** How many nodes stand below one, at any depth. */
export function countBelow(forest: Forest, id: string): number {
  let count = 0
  const stack = [...(forest.children.get(id) ?? [])]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    count += 1
    stack.push(...(forest.children.get(next) ?? []))
  }
  return count
}

export interface FlatRow {
  id: string
  depth: number
}

/** The forest in depth-first order, without the root. */
export function flatten(forest: Forest): FlatRow[] {
  const rows: FlatRow[] = []
  const stack: FlatRow[] = childRows(forest, rootId, 0)
  for (let row = stack.pop(); row; row = stack.pop()) {
    rows.push(row)
    stack.push(...childRows(forest, row.id, row.depth + 1))
  }
  return rows
}

function childRows(forest: Forest, id: string, depth: number): FlatRow[] {
  return (forest.children.get(id) ?? []).map(child => ({ id: child, depth })).reverse()
}
