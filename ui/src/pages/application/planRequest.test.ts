import { act, renderHook, waitFor } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AppRow, SyncRequest } from '../../api/model'
import { appRow } from '../../testing/rows'
import { usePlan } from './planRequest'

/** A server whose plans have the hashes given, one after the other, and then the last one. */
function server(...hashes: string[]) {
  const asked = vi.fn(async () => {
    const hash = hashes.length > 1 ? hashes.shift() : hashes[0]
    if (hash === 'unserved') return new Response('{"message":"only the revision in force"}', { status: 501 })
    if (hash === 'broken') return new Response('{"message":"no such file"}', { status: 422 })
    return new Response(JSON.stringify({ hash, revision: 'abc', steps: [], skipped: [] }))
  })
  vi.stubGlobal('fetch', asked)
  return asked
}

const request: SyncRequest = { revision: '', prune: false, dryRun: false }
const use = (app: AppRow) =>
  renderHook(({ row, asked }) => usePlan(row, asked), { initialProps: { row: app, asked: request } })

describe('usePlan', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('does not exchange the plan under the reader’s eyes, but offers the newer one', async () => {
    server('one', 'two')
    const { result, rerender } = use(appRow())
    await waitFor(() => expect(result.current.plan?.hash).toBe('one'))
    rerender({ row: appRow({ revision: 'another' }), asked: request })
    await waitFor(() => expect(result.current.newer?.hash).toBe('two'))
    expect(result.current.plan?.hash).toBe('one')
    act(() => result.current.take())
    expect([result.current.plan?.hash, result.current.newer, result.current.before?.hash]).toEqual([
      'two',
      undefined,
      'one',
    ])
  })

  it('shows another request’s plan at once', async () => {
    server('one', 'two')
    const { result, rerender } = use(appRow())
    await waitFor(() => expect(result.current.plan?.hash).toBe('one'))
    rerender({ row: appRow(), asked: { ...request, prune: true } })
    await waitFor(() => expect(result.current.plan?.hash).toBe('two'))
    expect([result.current.newer, result.current.before]).toEqual([undefined, undefined])
  })

  it('does not ask again for what says nothing about the plan', async () => {
    const asked = server('one')
    const { result, rerender } = use(appRow())
    await waitFor(() => expect(result.current.plan?.hash).toBe('one'))
    rerender({ row: appRow({ observedAt: 'later', health: 'Degraded' }), asked: request })
    expect(asked).toHaveBeenCalledTimes(1)
  })

  it('knows what is not served, and does not ask for another revision or for nothing', async () => {
    const asked = server('unserved')
    const { result, rerender } = use(appRow())
    await waitFor(() => expect(result.current.unserved).toBe(true))
    for (const other of [{ revision: 'v2' }, { resources: [] }]) {
      rerender({ row: appRow(), asked: { ...request, ...other } })
      await waitFor(() => expect(result.current.unserved).toBe(true))
    }
    expect(asked).toHaveBeenCalledTimes(1)
  })

  it('tells why there is no plan', async () => {
    server('broken')
    const { result } = use(appRow())
    await waitFor(() => expect(result.current.problem).toBe('no such file'))
  })
})
