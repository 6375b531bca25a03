import type { Change, ResourceDiff, ResourceNode, ResourceRef } from '../../api/model'

/** What a sync would do, told before it is started. */

export type PlannedAction = 'create' | 'update' | 'delete' | 'keep'

export interface PlannedChange {
  id: string
  ref: ResourceRef
  action: PlannedAction
  changes: readonly Change[]
}

export interface SyncPlan {
  changes: readonly PlannedChange[]
  unchanged: number
}

export type Pick = { mode: 'all' } | { mode: 'outOfSync' } | { mode: 'choose'; ids: ReadonlySet<string> }

const order: readonly PlannedAction[] = ['delete', 'create', 'update', 'keep']

/** Reads the plan off the differences: what only Git has is created, what only the cluster has is deleted if prune is on
 * and kept if not. */
export function planSync(diffs: readonly ResourceDiff[], picked: (id: string) => boolean, prune: boolean): SyncPlan {
  const changes: PlannedChange[] = []
  let unchanged = 0
  for (const diff of diffs) {
    if (!picked(diff.id)) continue
    const action = actionOf(diff, prune)
    if (action) changes.push({ id: diff.id, ref: refOf(diff.id), action, changes: diff.changes })
    else unchanged += 1
  }
  changes.sort((a, b) => order.indexOf(a.action) - order.indexOf(b.action) || (a.id < b.id ? -1 : 1))
  return { changes, unchanged }
}

function actionOf(diff: ResourceDiff, prune: boolean): PlannedAction | undefined {
  if (!diff.live) return 'create'
  if (!diff.desired) return prune ? 'delete' : 'keep'
  return diff.changes.length > 0 ? 'update' : undefined
}

/** The resources a sync may name: those Git describes or did. */
export function candidates(nodes: readonly ResourceNode[]): ResourceNode[] {
  return nodes.filter(node => node.managed)
}

export function pickTest(pick: Pick, nodes: readonly ResourceNode[]): (id: string) => boolean {
  if (pick.mode === 'all') return () => true
  const ids =
    pick.mode === 'choose'
      ? pick.ids
      : new Set(
          candidates(nodes)
            .filter(isOutOfSync)
            .map(node => node.id),
        )
  return id => ids.has(id)
}

/** What the command names; nothing at all for a sync of everything, which alone runs hooks and enters the history. */
export function pickedRefs(pick: Pick, nodes: readonly ResourceNode[]): ResourceRef[] | undefined {
  if (pick.mode === 'all') return undefined
  const picked = pickTest(pick, nodes)
  return candidates(nodes)
    .filter(node => picked(node.id))
    .map(({ group, kind, namespace, name }) => ({ group, kind, namespace, name }))
}

function isOutOfSync(node: ResourceNode): boolean {
  return node.sync === 'OutOfSync' || node.missing || node.prune
}

/** GROUP/KIND/NAMESPACE/NAME; none of the four may hold a slash. */
export function refOf(id: string): ResourceRef {
  const [group = '', kind = '', namespace = '', name = ''] = id.split('/')
  return { group, kind, namespace, name }
}
