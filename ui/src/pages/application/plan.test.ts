import { describe, expect, it } from 'vitest'
import type { ResourceDiff } from '../../api/model'
import { appRow, resourceNode } from '../../testing/rows'
import { pipeline } from './pipeline'
import { pickedRefs, pickTest, planSync, refOf } from './plan'

const change = { path: '/spec/replicas', desired: '2', live: '3', manager: 'kubectl', at: '' }
const diffs: ResourceDiff[] = [
  { id: '/ConfigMap/ns/same', desired: 'a', live: 'a', changes: [] },
  { id: '/ConfigMap/ns/new', desired: 'a', live: '', changes: [] },
  { id: '/ConfigMap/ns/old', desired: '', live: 'a', changes: [] },
  { id: 'apps/Deployment/ns/web', desired: 'a', live: 'b', changes: [change] },
]
const nodes = [
  resourceNode({ namespace: 'ns', name: 'same' }),
  resourceNode({ namespace: 'ns', name: 'new', sync: 'OutOfSync', missing: true }),
  resourceNode({ namespace: 'ns', name: 'old', sync: 'OutOfSync', prune: true }),
  resourceNode({ group: 'apps', kind: 'Deployment', namespace: 'ns', name: 'web', sync: 'OutOfSync' }),
  resourceNode({ kind: 'Pod', namespace: 'ns', name: 'web-1', managed: false, sync: '' }),
]
const summary = (prune: boolean): string[] =>
  planSync(diffs, () => true, prune).changes.map(({ action, ref }) => `${action} ${ref.name}`)

describe('planSync', () => {
  it('creates, updates, and keeps what only the cluster has', () => {
    expect(summary(false)).toEqual(['create new', 'update web', 'keep old'])
    expect(planSync(diffs, () => true, false).unchanged).toBe(1)
  })

  it('deletes with prune, and tells that first', () => {
    expect(summary(true)).toEqual(['delete old', 'create new', 'update web'])
  })

  it('leaves out what was not picked', () => {
    const picked = pickTest({ mode: 'choose', ids: new Set(['apps/Deployment/ns/web']) }, nodes)
    expect(planSync(diffs, picked, true)).toMatchObject({ changes: [{ action: 'update' }], unchanged: 0 })
  })
})

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
