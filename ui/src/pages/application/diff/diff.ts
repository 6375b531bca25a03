import type { Change, ResourceNode } from '../../../api/model'

/** A resource that differs from Git, with those of its differences that are to be seen. */
export interface DiffObject {
  node: ResourceNode
  changes: readonly Change[]
}

export interface DiffFilter {
  text: string
  /** Field managers, by managerOf. */
  hidden: ReadonlySet<string>
}

/** Who set a live value; '-' where nobody knows. */
export const managerOf = (change: Change): string => change.manager || '-'

export function isDifferent(node: ResourceNode): boolean {
  return node.managed && (node.sync === 'OutOfSync' || node.missing || node.prune || node.drift.length > 0)
}

/** Who set how many of the fields that differ, the most first. */
export function managersOf(nodes: readonly ResourceNode[]): { name: string; count: number }[] {
  const counts = new Map<string, number>()
  for (const change of nodes.filter(isDifferent).flatMap(node => node.drift)) {
    counts.set(managerOf(change), (counts.get(managerOf(change)) ?? 0) + 1)
  }
  const found = [...counts].map(([name, count]) => ({ name, count }))
  return found.toSorted((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
}

/** What differs, in the order of syncs. A resource whose name is looked for is there with all its fields. */
export function differences(nodes: readonly ResourceNode[], { text, hidden }: DiffFilter): DiffObject[] {
  const wanted = text.trim().toLowerCase()
  const found: DiffObject[] = []
  for (const node of nodes) {
    if (!isDifferent(node)) continue
    const named = `${node.kind} ${node.name}`.toLowerCase().includes(wanted)
    const left = node.drift.filter(change => !hidden.has(managerOf(change)))
    const changes = named ? left : left.filter(change => change.path.toLowerCase().includes(wanted))
    if (changes.length > 0 || (named && node.drift.length === 0)) found.push({ node, changes })
  }
  return found.toSorted((a, b) => a.node.wave - b.node.wave || compare(sortKey(a.node), sortKey(b.node)))
}

function sortKey(node: ResourceNode): string {
  return `${node.kind}/${node.namespace}/${node.name}/${node.id}`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The places that next and previous go to: each field, and each resource that differs as a whole. */
export function placesOf(objects: readonly DiffObject[]): string[] {
  return objects.flatMap(({ node, changes }) =>
    changes.length > 0 ? changes.map(change => placeOf(node, change)) : [placeOf(node)],
  )
}

export function placeOf(node: ResourceNode, change?: Change): string {
  return change ? `${node.id} ${change.path}` : node.id
}

/** The place after or before one; from none, and past an end, the first or the last. */
export function step(places: readonly string[], current: string, by: 1 | -1): string {
  const at = places.indexOf(current)
  const next = at < 0 ? (by > 0 ? 0 : places.length - 1) : (at + by + places.length) % places.length
  return places[next] ?? ''
}

/** The line of argocd-cm that lets replicas differ where an autoscaler sets them. */
export const autoscaledLine = 'evenkeel.autoscaledReplicas: "ignore"'

/** Whether that is the server's advice. */
export function isAutoscaled({ advice = '' }: Change): boolean {
  return advice.includes('evenkeel.autoscaledReplicas')
}

/** The autoscalers that the advice names; empty when they are not known. */
export function autoscalersOf({ advice = '' }: Change): string {
  return /^set by ((?!a )[^;]+);/.exec(advice)?.[1] ?? ''
}

/** What the server shows instead of a secret value: equal values have equal masks. */
export function isMasked(value: string): boolean {
  return value.startsWith('••••••') || /^\+{8,}$/.test(value)
}

/** Whether a difference is one of secret values, and what may be said of them. */
export function secrecy({ desired, live }: Change): 'open' | 'equal' | 'different' | 'onesided' {
  const hidden = [isMasked(desired), isMasked(live)]
  if (!hidden.includes(true)) return 'open'
  if (hidden.includes(false)) return 'onesided'
  return desired === live ? 'equal' : 'different'
}
