import type { Deed, Deployment, OperationResult } from '../../api/model'
import type { Tone } from '../../parts/tone'

/** What the running or the last operation did, by phase and wave. */
export interface ResultGroup {
  id: string
  phase: string
  wave: number
  results: readonly OperationResult[]
}

const phases = ['PreSync', 'Sync', 'PostSync', 'SyncFail']
/** Beyond this many the reader wants what failed or runs, not all that went well. */
export const resultLimit = 200

export function groupResults(results: readonly OperationResult[]): ResultGroup[] {
  const groups = new Map<string, OperationResult[]>()
  for (const result of results.toSorted(compare)) {
    const id = `${result.phase}/${result.wave}`
    const group = groups.get(id)
    if (group) group.push(result)
    else groups.set(id, [result])
  }
  return [...groups].map(([id, members]) => ({
    id,
    phase: members[0]?.phase ?? '',
    wave: members[0]?.wave ?? 0,
    results: members,
  }))
}

function compare(a: OperationResult, b: OperationResult): number {
  return phaseRank(a) - phaseRank(b) || a.wave - b.wave || a.order - b.order
}

function phaseRank({ phase }: OperationResult): number {
  const rank = phases.indexOf(phase)
  return rank < 0 ? phases.length : rank
}

/** Of very many results only those that are not done and well. */
export function worthShowing(results: readonly OperationResult[]): readonly OperationResult[] {
  if (results.length <= resultLimit) return results
  return results.filter(result => outcome(result) !== 'good').slice(0, resultLimit)
}

/** How a result is to be seen; a hook's own phase tells more than that it was applied. */
export function outcome({ status, hookPhase }: OperationResult): Tone {
  if (status === 'SyncFailed' || hookPhase === 'Failed' || hookPhase === 'Error') return 'bad'
  if (hookPhase === 'Running' || hookPhase === 'Terminating') return 'running'
  if (status === 'PruneSkipped') return 'paused'
  return 'good'
}

export function resultsOf(deeds: readonly Deed[]): OperationResult[] {
  return deeds.flatMap(deed => deed.result ?? [])
}

/** The history, the newest first. */
export function deploymentsOf(deeds: readonly Deed[]): Deployment[] {
  return deeds.flatMap(deed => deed.deployment ?? []).toSorted((a, b) => b.id - a.id)
}
