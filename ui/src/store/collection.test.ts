import { describe, expect, it, vi } from 'vitest'
import { Collection } from './collection'

interface Row {
  key: string
  value: number
}

const make = (): Collection<Row> => new Collection<Row>(row => row.key)

describe('Collection', () => {
  it('tells an empty snapshot from none', () => {
    const rows = make()
    const heard = vi.fn()
    rows.subscribe(heard)
    expect(rows.loaded).toBe(false)
    rows.replace([])
    expect(rows.loaded).toBe(true)
    expect(heard).toHaveBeenCalledTimes(1)
  })

  it('keeps the identity of rows that say the same after a snapshot', () => {
    const rows = make()
    rows.replace([
      { key: 'a', value: 1 },
      { key: 'b', value: 1 },
    ])
    const [a, b] = [rows.get('a'), rows.get('b')]
    rows.replace([
      { key: 'a', value: 1 },
      { key: 'b', value: 2 },
    ])
    expect(rows.get('a')).toBe(a)
    expect(rows.get('b')).not.toBe(b)
  })

  it('drops what a snapshot does not hold', () => {
    const rows = make()
    rows.replace([{ key: 'a', value: 1 }])
    const heard = vi.fn()
    rows.subscribeKey('a', heard)
    rows.replace([])
    expect(rows.get('a')).toBeUndefined()
    expect(heard).toHaveBeenCalledTimes(1)
  })

  it('wakes only the readers of changed keys', () => {
    const rows = make()
    rows.replace([
      { key: 'a', value: 1 },
      { key: 'b', value: 1 },
    ])
    const [a, b, all] = [vi.fn(), vi.fn(), vi.fn()]
    rows.subscribeKey('a', a)
    rows.subscribeKey('b', b)
    rows.subscribe(all)
    rows.change([{ key: 'a', value: 2 }], ['absent'])
    expect([a, b, all].map(heard => heard.mock.calls.length)).toEqual([1, 0, 1])
  })

  it('gives the same array until something changes', () => {
    const rows = make()
    rows.replace([{ key: 'a', value: 1 }])
    const before = rows.all()
    rows.change([], ['absent'])
    expect(rows.all()).toBe(before)
    rows.change([], ['a'])
    expect(rows.all()).toEqual([])
  })

  it('stops telling who left', () => {
    const rows = make()
    const heard = vi.fn()
    rows.subscribeKey('a', heard)()
    rows.change([{ key: 'a', value: 1 }], [])
    expect(heard).not.toHaveBeenCalled()
  })
})
