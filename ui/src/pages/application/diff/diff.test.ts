import { describe, expect, it } from 'vitest'
import type { Change } from '../../../api/model'
import { resourceNode } from '../../../testing/rows'
import { differences, isDifferent, managersOf, placesOf, secrecy, step } from './diff'

const change = (path: string, manager: string, over: Partial<Change> = {}): Change => ({
  path,
  desired: '1',
  live: '2',
  manager,
  at: '',
  ...over,
})

const api = resourceNode({
  kind: 'Deployment',
  name: 'api',
  sync: 'OutOfSync',
  wave: 1,
  drift: [
    change('/spec/replicas', 'kube-controller-manager'),
    change('/spec/template/spec/containers[name=api]/image', 'kubectl-edit'),
  ],
})
const settings = resourceNode({ name: 'settings', sync: 'OutOfSync', missing: true })
const keys = resourceNode({ kind: 'Secret', name: 'keys', sync: 'OutOfSync', drift: [change('/data/token', '')] })
const nodes = [api, settings, keys, resourceNode({ name: 'synced' }), resourceNode({ name: 'pod', managed: false })]
const none = { text: '', hidden: new Set<string>() }
const shown = (filter: Partial<typeof none>) => placesOf(differences(nodes, { ...none, ...filter }))

describe('differences', () => {
  it('are those of what Git describes, by wave, kind and name', () => {
    expect(shown({})).toEqual([
      '/ConfigMap/shop/settings',
      '/Secret/shop/keys /data/token',
      '/Deployment/shop/api /spec/replicas',
      '/Deployment/shop/api /spec/template/spec/containers[name=api]/image',
    ])
    expect(isDifferent(resourceNode({ managed: false, sync: 'OutOfSync' }))).toBe(false)
  })

  it('are found by path', () => {
    expect(shown({ text: ' REPLICAS ' })).toEqual(['/Deployment/shop/api /spec/replicas'])
  })

  it('are all there of a resource that is found by its kind or name', () => {
    expect(shown({ text: 'deployment api' })).toHaveLength(2)
    expect(shown({ text: 'settings' })).toEqual(['/ConfigMap/shop/settings'])
  })

  it('are left out by who set them; what differs as a whole stays', () => {
    expect(shown({ hidden: new Set(['kube-controller-manager', '-']) })).toEqual([
      '/ConfigMap/shop/settings',
      '/Deployment/shop/api /spec/template/spec/containers[name=api]/image',
    ])
    expect(shown({ hidden: new Set(['kube-controller-manager', 'kubectl-edit']), text: 'api' })).toEqual([])
  })

  it('are counted by who set them', () => {
    expect(managersOf([...nodes, { ...api, name: 'web' }])).toEqual([
      { name: 'kube-controller-manager', count: 2 },
      { name: 'kubectl-edit', count: 2 },
      { name: '-', count: 1 },
    ])
  })
})

describe('next and previous', () => {
  const places = ['a', 'b', 'c']
  it.each([
    ['a', 1, 'b'],
    ['c', 1, 'a'],
    ['a', -1, 'c'],
    ['', 1, 'a'],
    ['', -1, 'c'],
    ['gone', 1, 'a'],
  ] as const)('from %j by %i is %j', (from, by, want) => {
    expect(step(places, from, by)).toBe(want)
  })

  it('go nowhere where there is nothing', () => {
    expect([step([], '', 1), step([], '', -1)]).toEqual(['', ''])
  })
})

describe('secret values', () => {
  it.each([
    ['•••••• (1a2b)', '•••••• (1a2b)', 'equal'],
    ['•••••• (1a2b)', '•••••• (ffff)', 'different'],
    ['•••••• (1a2b)', '', 'onesided'],
    ['++++++++', '+++++++++', 'different'],
    ['+++', '++', 'open'],
    ['a', 'b', 'open'],
  ] as const)('%j and %j are %s', (desired, live, want) => {
    expect(secrecy(change('/data/a', '', { desired, live }))).toBe(want)
  })
})
