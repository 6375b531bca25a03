import { describe, expect, it, vi } from 'vitest'
import { appRow, resourceNode } from '../testing/rows'
import { appsTopic, LiveStore, treeTopic } from './live'

function setUp() {
  let pending: (() => void) | undefined
  const store = new LiveStore(flush => {
    pending = flush
  })
  const send = (event: string, data: unknown): void =>
    store.receive({ id: '1', event, data: typeof data === 'string' ? data : JSON.stringify(data) })
  const frame = (): void => {
    pending?.()
    pending = undefined
  }
  return { store, send, frame }
}

describe('LiveStore', () => {
  it('applies a burst of messages together, in order', () => {
    const { store, send, frame } = setUp()
    const seen: number[] = []
    send('snapshot', { topic: 'apps', items: [appRow({ name: 'a' })] })
    send('delta', {
      topic: 'apps',
      upsert: [appRow({ name: 'a', health: 'Degraded' }), appRow({ name: 'b' })],
      delete: [],
    })
    send('delta', { topic: 'apps', upsert: [], delete: ['argocd/b'] })
    store.apps.subscribe(() => seen.push(store.apps.all().length))
    expect(store.apps.loaded).toBe(false)
    frame()
    expect(store.apps.all().map(app => [app.name, app.health])).toEqual([['a', 'Degraded']])
    expect(seen).toHaveLength(3)
  })

  it('sorts messages by topic and ignores topics nobody follows', () => {
    const { store, send, frame } = setUp()
    const tree = store.tree('argocd/shop')
    send('snapshot', { topic: 'tree:argocd/shop', items: [resourceNode()] })
    send('snapshot', { topic: 'tree:argocd/other', items: [resourceNode()] })
    frame()
    expect(tree.all()).toHaveLength(1)
    expect(store.apps.loaded).toBe(false)
  })

  it('keeps what was done to an application apart from its resources', () => {
    const { store, send, frame } = setUp()
    const [tree, deeds] = [store.tree('argocd/shop'), store.deeds('argocd/shop')]
    send('snapshot', { topic: 'deeds:argocd/shop', items: [{ id: 'deployment/1' }] })
    frame()
    expect([tree.loaded, deeds.loaded, deeds.all().length]).toEqual([false, true, 1])
  })

  it('gives the same tree again and again, and a new one for another application', () => {
    const { store } = setUp()
    expect(store.tree('argocd/shop')).toBe(store.tree('argocd/shop'))
    expect(store.tree('argocd/other')).not.toBe(store.tree('argocd/shop'))
  })

  it('shows a topic’s problem until the topic speaks again', () => {
    const { store, send, frame } = setUp()
    const heard = vi.fn()
    store.subscribe(heard)
    send('error', { topic: 'apps', message: 'the cluster cannot be reached' })
    frame()
    expect(store.problem(appsTopic)).toBe('the cluster cannot be reached')
    expect(store.problem(treeTopic('argocd/shop'))).toBe('')
    send('snapshot', { topic: 'apps', items: [] })
    frame()
    expect(store.problem(appsTopic)).toBe('')
    expect(heard).toHaveBeenCalledTimes(2)
  })

  it.each([
    ['no JSON', '{'],
    ['no topic', {}],
    ['not an object', 'null'],
  ])('survives a malformed message: %s', (_, data) => {
    const { store, send, frame } = setUp()
    send('snapshot', data)
    frame()
    expect(store.apps.loaded).toBe(false)
  })
})
