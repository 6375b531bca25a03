import type { Plan, PlanItem, PlanStep, ResourceNode, ResourceRef } from '../../api/model'
import type { Messages } from '../../i18n/en'

/** What a sync would do, told before it is started. */

export type Pick = { mode: 'all' } | { mode: 'outOfSync' } | { mode: 'choose'; ids: ReadonlySet<string> }

/** The phase that is run only when one before it has failed. */
export const onFailure = 'SyncFail'

/** How many objects the plan would treat how, if nothing fails; what stays as it is does not count. */
export function tally(plan: Plan): ReadonlyMap<PlanItem['action'], number> {
  const counts = new Map<PlanItem['action'], number>()
  for (const item of plan.steps.filter(step => step.phase !== onFailure).flatMap(step => step.items)) {
    if (item.action !== 'keep') counts.set(item.action, (counts.get(item.action) ?? 0) + 1)
  }
  return counts
}

/** A step as it is shown: what stays as it is counted, the rest told; nothing for a step without a rest. */
export interface ShownStep {
  id: string
  phase: string
  wave: number
  items: readonly PlanItem[]
  unchanged: number
}

export function shownSteps(plan: Plan): ShownStep[] {
  return plan.steps.map(shownStep).filter(step => step.items.length > 0)
}

function shownStep({ phase, wave, items }: PlanStep): ShownStep {
  const told = items.filter(item => item.action !== 'keep')
  return { id: `${phase}/${wave}`, phase, wave, items: told, unchanged: items.length - told.length }
}

/** How an item is found again in another plan: an object may be a hook in several phases. */
export const itemKey = (phase: string, item: PlanItem): string => `${phase} ${item.id}`

/** The keys of the items that are new or other than before, and how many are there no more. */
export function movedSince(before: Plan, now: Plan): { moved: ReadonlySet<string>; gone: number } {
  const old = entries(before)
  const current = entries(now)
  const moved = new Set([...current].filter(([key, text]) => old.get(key) !== text).map(([key]) => key))
  const gone = [...old.keys()].filter(key => !current.has(key)).length
  return { moved, gone }
}

function entries(plan: Plan): Map<string, string> {
  const all = plan.steps.flatMap(step =>
    step.items.map((item): [string, PlanItem, number] => [step.phase, item, step.wave]),
  )
  return new Map(
    all
      .filter(([, item]) => item.action !== 'keep')
      .map(([phase, item, wave]) => {
        const changes = (item.changes ?? []).map(({ path, desired, live }) => [path, desired, live])
        return [itemKey(phase, item), JSON.stringify([wave, item.action, changes])]
      }),
  )
}

/** Why an item is treated so, in the reader's language; the server's own words where this version does not know them. */
export function planReason(reason: string, t: Messages): string {
  const fixed: Readonly<Record<string, string>> = {
    'in the source, not in the cluster': t.plan.why.create,
    'in the cluster, no longer in the source': t.plan.why.prune,
    'no longer in the source; pruning is off': t.plan.why.unpruned,
    'could not be compared': t.plan.why.unknown,
  }
  const hook = /^hook of phase (\w+)$/.exec(reason)
  if (hook) return t.plan.why.hook
  // What becomes of fields that cannot be changed stands behind them, in the server's words.
  const differs = /^differs at ([^;]+)(; .+)?$/.exec(reason)
  if (differs) return t.plan.why.differs(differs[1] ?? '') + (differs[2] ?? '')
  return fixed[reason] ?? reason
}

/** The resources a sync may name: those Git describes or did. */
export function candidates(nodes: readonly ResourceNode[]): ResourceNode[] {
  return nodes.filter(node => node.managed)
}

/** What the command names; nothing at all for a sync of everything, which alone runs hooks and enters the history. */
export function pickedRefs(pick: Pick, nodes: readonly ResourceNode[]): ResourceRef[] | undefined {
  if (pick.mode === 'all') return undefined
  return candidates(nodes)
    .filter(node => (pick.mode === 'choose' ? pick.ids.has(node.id) : isOutOfSync(node)))
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
