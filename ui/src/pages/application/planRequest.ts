import { useEffect, useState } from 'react'
import { fetchPlan, RequestError } from '../../api/commands'
import { type AppRow, appKey, type Plan, type SyncRequest } from '../../api/model'
import { useRequest } from '../../parts/request'

export interface PlanState {
  /** The plan to show; it stays the same until the reader asks for another. */
  plan: Plan | undefined
  /** What would be done by now, if that is something else. */
  newer: Plan | undefined
  /** The plan that was shown before the reader took a newer one. */
  before: Plan | undefined
  problem: string
  /** Plans of this request are not served, such as those of another revision. */
  unserved: boolean
  take(): void
  again(): void
}

interface Shown {
  request: string
  plan: Plan
  before?: Plan
}

/** The plan of a sync. It is asked for anew when the application moves, but what is shown is not exchanged under the
 * reader's eyes: a newer plan is offered. */
export function usePlan(app: AppRow, request: SyncRequest): PlanState {
  const asked = JSON.stringify(request)
  const answer = useRequest(`${appKey(app)} ${asked} ${signature(app)}`, signal => ask(app, request, signal))
  const [shown, setShown] = useState<Shown>()
  const { data } = answer
  const latest = data !== 'unserved' ? data : undefined
  const current = shown?.request === asked ? shown : undefined
  useEffect(() => {
    if (latest && !current) setShown({ request: asked, plan: latest })
  }, [latest, current, asked])
  const plan = current?.plan ?? latest
  const newer = latest && plan && latest.hash !== plan.hash ? latest : undefined
  return {
    plan,
    newer,
    before: current?.before,
    problem: plan ? '' : answer.problem,
    unserved: data === 'unserved',
    take: () => newer && plan && setShown({ request: asked, plan: newer, before: plan }),
    again: answer.again,
  }
}

async function ask(app: AppRow, request: SyncRequest, signal: AbortSignal): Promise<Plan | 'unserved'> {
  // The server plans what is in force, so it need not be asked at each key; and no resource would stand for all of them.
  if (request.revision || request.revisions || request.resources?.length === 0) return 'unserved'
  try {
    return await fetchPlan(app, request, signal)
  } catch (error) {
    if (error instanceof RequestError && error.status === 501) return 'unserved'
    throw error
  }
}

/** What of an application changes when its plan may: its revision, its verdicts, what was done to it. */
function signature({ revision, sources, sync, counts, operation, pin }: AppRow): string {
  const ended = operation && `${operation.startedAt} ${operation.finishedAt}`
  const at = sources?.map(source => source.revision) ?? revision
  return JSON.stringify([
    at,
    sync,
    counts.outOfSync,
    counts.missing,
    counts.total,
    ended,
    pin?.revisions ?? pin?.revision,
  ])
}
