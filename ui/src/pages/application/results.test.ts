import { describe, expect, it } from 'vitest'
import type { Deed, OperationResult } from '../../api/model'
import { deploymentsOf, groupResults, outcome, resultsOf, worthShowing } from './results'

const result = (name: string, over: Partial<OperationResult> = {}): OperationResult => ({
  order: 0,
  phase: 'Sync',
  wave: 0,
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  namespace: 'ns',
  name,
  hook: '',
  status: 'Synced',
  hookPhase: '',
  message: '',
  ...over,
})

describe('results', () => {
  it('stand in the order of phase, wave and coming', () => {
    const groups = groupResults([
      result('fail', { phase: 'SyncFail' }),
      result('b', { order: 2 }),
      result('after', { phase: 'PostSync' }),
      result('a', { order: 1 }),
      result('early', { wave: -1, order: 9 }),
      result('before', { phase: 'PreSync', wave: 5 }),
      result('other', { phase: 'Later' }),
    ])
    expect(groups.map(({ id, results }) => `${id}: ${results.map(({ name }) => name).join(' ')}`)).toEqual([
      'PreSync/5: before',
      'Sync/-1: early',
      'Sync/0: a b',
      'PostSync/0: after',
      'SyncFail/0: fail',
      'Later/0: other',
    ])
  })

  it.each([
    ['applied', {}, 'good'],
    ['applied, health awaited', { hookPhase: 'Running' }, 'running'],
    ['refused', { status: 'SyncFailed' }, 'bad'],
    ['a hook that failed was applied all the same', { hook: 'PreSync', hookPhase: 'Failed' }, 'bad'],
    ['a hook that ended well', { hook: 'PreSync', hookPhase: 'Succeeded' }, 'good'],
    ['left alone', { status: 'PruneSkipped' }, 'paused'],
  ] as const)('are seen by their outcome: %s', (_, over, want) => {
    expect(outcome(result('a', over))).toBe(want)
  })

  it('of very many show those that are not done and well', () => {
    const many = Array.from({ length: 201 }, (_, order) => result(`${order}`, { order }))
    expect(worthShowing(many.slice(1))).toHaveLength(200)
    expect(worthShowing([...many, result('bad', { status: 'SyncFailed' })]).map(({ name }) => name)).toEqual(['bad'])
  })
})

describe('deeds', () => {
  it('are results, and deployments with the newest first', () => {
    const source = { repoURL: '', path: '', chart: '', targetRevision: '', type: '' }
    const deployment = (id: number): Deed => ({
      id: `deployment/${id}`,
      deployment: { id, revision: '', startedAt: '', deployedAt: '', initiatedBy: '', automated: false, source },
    })
    const deeds = [deployment(9), deployment(10), { id: 'result/x', result: result('a') }]
    expect(deploymentsOf(deeds).map(({ id }) => id)).toEqual([10, 9])
    expect(resultsOf(deeds).map(({ name }) => name)).toEqual(['a'])
  })
})
