import { describe, expect, it } from 'vitest'
import type { Plan, PlanItem } from '../../api/model'
import { en } from '../../i18n/en'
import { appRow, resourceNode } from '../../testing/rows'
import { pipeline } from './pipeline'
import { movedSince, pickedRefs, planReason, refOf, shownSteps, tally } from './plan'

const item = (name: string, over: Partial<PlanItem> = {}): PlanItem => ({
  id: `/ConfigMap/ns/${name}`,
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  namespace: 'ns',
  name,
  action: 'update',
  reason: '',
  ...over,
})
const plan = (over: Partial<Plan> = {}): Plan => ({
  hash: 'aaaaaaaaaaaaaaaa',
  revision: 'abc',
  steps: [
    { phase: 'PreSync', wave: 0, items: [item('job', { action: 'run' })] },
    { phase: 'Sync', wave: -1, items: [item('same', { action: 'keep' })] },
    {
      phase: 'Sync',
      wave: 0,
      items: [item('old', { action: 'prune' }), item('web'), item('kept', { action: 'keep' })],
    },
    { phase: 'SyncFail', wave: 0, items: [item('tell', { action: 'run' })] },
  ],
  skipped: [],
  ...over,
})

describe('a plan', () => {
  it('counts what it does if nothing fails', () => {
    expect([...tally(plan())]).toEqual([
      ['run', 1],
      ['prune', 1],
      ['update', 1],
    ])
  })

  it('is shown without the waves in which nothing is done', () => {
    expect(shownSteps(plan()).map(({ id, items, unchanged }) => [id, items.length, unchanged])).toEqual([
      ['PreSync/0', 1, 0],
      ['Sync/0', 2, 1],
      ['SyncFail/0', 1, 0],
    ])
  })

  it('tells what has moved in it', () => {
    const change = { path: 'spec.replicas', desired: '2', live: '3', manager: 'kubectl', at: '' }
    const now = plan({
      steps: [
        { phase: 'Sync', wave: 0, items: [item('web', { changes: [change] }), item('new', { action: 'create' })] },
        { phase: 'SyncFail', wave: 0, items: [item('tell', { action: 'run' })] },
      ],
    })
    const { moved, gone } = movedSince(plan(), now)
    expect([...moved].toSorted()).toEqual(['Sync /ConfigMap/ns/new', 'Sync /ConfigMap/ns/web'])
    expect(gone).toBe(2)
    const later = plan({
      steps: [{ phase: 'Sync', wave: 0, items: [item('web', { changes: [{ ...change, at: 'x' }] })] }],
    })
    expect(movedSince(now, later).moved.size).toBe(0)
  })

  it.each([
    ['in the source, not in the cluster', 'In Git, not in the cluster'],
    ['in the cluster, no longer in the source', 'In the cluster, no longer in Git'],
    ['no longer in the source; pruning is off', 'No longer in Git; prune is off'],
    ['hook of phase PreSync', 'Hook'],
    ['differs at spec.replicas, …', 'Differs at spec.replicas, …'],
    ['differs at /spec/a; /spec/a cannot be changed', 'Differs at /spec/a; /spec/a cannot be changed'],
    ['sync option Prune=false', 'sync option Prune=false'],
  ])('says why: %s', (reason, want) => {
    expect(planReason(reason, en)).toBe(want)
  })
})

const nodes = [
  resourceNode({ namespace: 'ns', name: 'same' }),
  resourceNode({ namespace: 'ns', name: 'new', sync: 'OutOfSync', missing: true }),
  resourceNode({ namespace: 'ns', name: 'old', sync: 'OutOfSync', prune: true }),
  resourceNode({ group: 'apps', kind: 'Deployment', namespace: 'ns', name: 'web', sync: 'OutOfSync' }),
  resourceNode({ kind: 'Pod', namespace: 'ns', name: 'web-1', managed: false, sync: '' }),
]

describe('pickedRefs', () => {
  it('names nothing for a whole sync: only that runs hooks and enters the history', () => {
    expect(pickedRefs({ mode: 'all' }, nodes)).toBeUndefined()
  })

  it('names what differs, and never what Git does not describe', () => {
    expect(pickedRefs({ mode: 'outOfSync' }, nodes)?.map(ref => ref.name)).toEqual(['new', 'old', 'web'])
    expect(pickedRefs({ mode: 'choose', ids: new Set(['/Pod/ns/web-1']) }, nodes)).toEqual([])
  })

  it('reads an id back', () => {
    expect(refOf('apps/Deployment/ns/web')).toEqual({ group: 'apps', kind: 'Deployment', namespace: 'ns', name: 'web' })
    expect(refOf('/Namespace//prod')).toEqual({ group: '', kind: 'Namespace', namespace: '', name: 'prod' })
  })
})

const error = { type: 'ComparisonError', message: '', lastTransitionTime: '' }
const operation = {
  phase: 'Running' as const,
  message: '',
  startedAt: '',
  finishedAt: '',
  revision: '',
  initiatedBy: '',
  automated: false,
  retryCount: 0,
  done: 0,
  total: 0,
}

describe('pipeline', () => {
  it.each([
    ['all is well', appRow(), 'done done done done'],
    ['a new application', appRow({ revision: '', observedAt: '' }), 'waiting waiting waiting waiting'],
    [
      'a repository out of reach',
      appRow({ revision: '', observedAt: '', conditions: [error] }),
      'problem waiting waiting waiting',
    ],
    ['a broken overlay', appRow({ conditions: [error], sync: 'Unknown' }), 'done problem waiting done'],
    ['drift', appRow({ sync: 'OutOfSync' }), 'done done differs done'],
    ['a running sync', appRow({ sync: 'OutOfSync', operation, health: 'Progressing' }), 'done done running running'],
    [
      'a failed sync',
      appRow({ sync: 'OutOfSync', operation: { ...operation, phase: 'Failed' } }),
      'done done problem done',
    ],
    ['a sick workload', appRow({ health: 'Degraded' }), 'done done done problem'],
  ])('%s', (_, app, want) => {
    expect(Object.values(pipeline(app)).join(' ')).toBe(want)
  })
})
