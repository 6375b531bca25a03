import { describe, expect, it } from 'vitest'
import type { Operation } from '../api/model'
import { appRow } from '../testing/rows'
import { parseSort, printSort, sortApps } from './attention'

const failed: Operation = {
  phase: 'Failed',
  message: '',
  startedAt: '2026-01-01T00:00:00Z',
  finishedAt: '',
  revision: '',
  initiatedBy: '',
  automated: true,
  retryCount: 0,
  done: 0,
  total: 0,
}

describe('sortApps', () => {
  it('puts first what needs a human first', () => {
    const apps = [
      appRow({ name: 'healthy' }),
      appRow({ name: 'suspended', health: 'Suspended' }),
      appRow({ name: 'drift-auto', sync: 'OutOfSync' }),
      appRow({ name: 'drift-manual', sync: 'OutOfSync', autoSync: false }),
      appRow({ name: 'failed', operation: failed }),
      appRow({ name: 'degraded-b', health: 'Degraded' }),
      appRow({ name: 'degraded-a', health: 'Degraded' }),
      appRow({ name: 'progressing', health: 'Progressing' }),
    ]
    const names = sortApps(apps, parseSort(null)).map(app => app.name)
    expect(names).toEqual([
      'degraded-a',
      'degraded-b',
      'failed',
      'drift-manual',
      'drift-auto',
      'progressing',
      'suspended',
      'healthy',
    ])
  })

  it('turns round on demand and leaves its input alone', () => {
    const apps = [appRow({ name: 'a' }), appRow({ name: 'b' })]
    expect(sortApps(apps, parseSort('-name')).map(app => app.name)).toEqual(['b', 'a'])
    expect(apps.map(app => app.name)).toEqual(['a', 'b'])
  })

  it('puts the newest operation first', () => {
    const old = appRow({ name: 'old', operation: failed })
    const fresh = appRow({ name: 'fresh', operation: { ...failed, startedAt: '2026-02-01T00:00:00Z' } })
    expect(sortApps([appRow({ name: 'never' }), old, fresh], parseSort('operation')).map(app => app.name)).toEqual([
      'fresh',
      'old',
      'never',
    ])
  })

  it.each(['', 'name', '-health', 'operation'])('reads the sort %j that it prints', text => {
    expect(printSort(parseSort(text))).toBe(text)
  })

  it('takes an unknown sort for the default', () => {
    expect(parseSort('colour')).toEqual({ key: 'attention', descending: false })
  })
})
