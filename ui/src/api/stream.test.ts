import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { backoff } from './backoff'
import type { ServerEvent } from './sse'
import { type LiveState, LiveStream } from './stream'

/** The far end of one connection: what the server writes, and what it was asked. */
interface Connection {
  url: string
  lastEventId: string | null
  signal: AbortSignal
  write(text: string): void
  close(): void
}

class Wire {
  connections: Connection[] = []
  status = 200

  fetch = ((url: string, init: RequestInit) => {
    const encoder = new TextEncoder()
    let control: ReadableStreamDefaultController<Uint8Array> | undefined
    const body = new ReadableStream<Uint8Array>({
      start: c => {
        control = c
      },
    })
    const signal = init.signal as AbortSignal
    signal.addEventListener('abort', () => control?.error(signal.reason))
    this.connections.push({
      url,
      lastEventId: new Headers(init.headers).get('Last-Event-ID'),
      signal,
      write: text => control?.enqueue(encoder.encode(text)),
      close: () => control?.close(),
    })
    return Promise.resolve(new Response(body, { status: this.status }))
  }) as typeof fetch

  get last(): Connection {
    const connection = this.connections.at(-1)
    if (!connection) throw new Error('nobody connected')
    return connection
  }
}

describe('LiveStream', () => {
  let wire: Wire
  let events: ServerEvent[]
  let states: LiveState[]
  let stream: LiveStream
  const phases = (): string[] => states.map(state => state.phase)
  const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0)

  beforeEach(() => {
    vi.useFakeTimers()
    wire = new Wire()
    events = []
    states = []
    stream = new LiveStream({
      fetch: wire.fetch,
      random: () => 1,
      onEvent: event => events.push(event),
      onState: state => states.push(state),
    })
  })

  afterEach(() => {
    stream.stop()
    setHidden(false)
    vi.useRealTimers()
  })

  it('connects, tells that it is live, and hands events on', async () => {
    stream.start(['apps'])
    await settle()
    wire.last.write('id: 3\nevent: delta\ndata: {}\n\n')
    await settle()
    expect(wire.last.url).toBe('/api/ui/v1/stream?topics=apps')
    expect(phases()).toEqual(['connecting', 'live'])
    expect(events).toEqual([{ id: '3', event: 'delta', data: '{}' }])
  })

  it('comes back after a loss, with the id of the last event', async () => {
    stream.start(['apps'])
    await settle()
    wire.last.write('id: 3\ndata: {}\n\n')
    await settle()
    wire.last.close()
    await settle()
    expect(states.at(-1)).toMatchObject({ phase: 'waiting', retryAt: Date.now() + 500 })
    await vi.advanceTimersByTimeAsync(500)
    expect(wire.connections).toHaveLength(2)
    expect(wire.last.lastEventId).toBe('3')
    expect(phases().at(-1)).toBe('live')
  })

  it('asks for a fresh snapshot when a topic is added: resuming would miss its base', async () => {
    stream.start(['apps'])
    await settle()
    wire.last.write('id: 3\ndata: {}\n\n')
    await settle()
    stream.subscribe(['apps', 'tree:argocd/shop'])
    await settle()
    expect(wire.connections[0]?.signal.aborted).toBe(true)
    expect(wire.last.url).toBe('/api/ui/v1/stream?topics=apps,tree:argocd/shop')
    expect(wire.last.lastEventId).toBeNull()
  })

  it('keeps its connection when nothing new is asked for', async () => {
    stream.start(['apps', 'tree:argocd/shop'])
    await settle()
    stream.subscribe(['apps'])
    await settle()
    expect(wire.connections).toHaveLength(1)
  })

  it('does not ask again after a refusal', async () => {
    wire.status = 401
    stream.start(['apps'])
    await vi.advanceTimersByTimeAsync(120_000)
    expect(wire.connections).toHaveLength(1)
    expect(phases().at(-1)).toBe('refused')
  })

  it('waits longer with every failure, and starts over once an event arrives', async () => {
    wire.status = 503
    stream.start(['apps'])
    await vi.advanceTimersByTimeAsync(500 + 1000 + 2000)
    expect(wire.connections).toHaveLength(4)
    wire.status = 200
    await vi.advanceTimersByTimeAsync(4000)
    wire.last.write('id: 1\ndata: {}\n\n')
    await settle()
    wire.last.close()
    await settle()
    expect(states.at(-1)).toMatchObject({ phase: 'waiting', retryAt: Date.now() + 500 })
  })

  it('takes long silence for a dead line', async () => {
    stream.start(['apps'])
    await settle()
    await vi.advanceTimersByTimeAsync(30_000)
    wire.last.write(': ping\n\n')
    await vi.advanceTimersByTimeAsync(39_000)
    expect(phases().at(-1)).toBe('live')
    await vi.advanceTimersByTimeAsync(1000)
    expect(phases().at(-1)).toBe('waiting')
  })

  it('rests 30 s after the tab was hidden and returns with it', async () => {
    stream.start(['apps'])
    await settle()
    setHidden(true)
    wire.last.write('id: 9\ndata: {}\n\n')
    await vi.advanceTimersByTimeAsync(29_000)
    expect(phases().at(-1)).toBe('live')
    await vi.advanceTimersByTimeAsync(1000)
    expect(phases().at(-1)).toBe('paused')
    setHidden(false)
    await settle()
    expect(wire.last.lastEventId).toBe('9')
    expect(phases().at(-1)).toBe('live')
  })

  it('ends for good when stopped', async () => {
    stream.start(['apps'])
    await settle()
    stream.stop()
    await vi.advanceTimersByTimeAsync(120_000)
    expect(wire.connections).toHaveLength(1)
    expect(wire.last.signal.aborted).toBe(true)
  })
})

function setHidden(hidden: boolean): void {
  Object.defineProperty(document, 'hidden', { configurable: true, value: hidden })
  document.dispatchEvent(new Event('visibilitychange'))
}

describe('backoff', () => {
  it('doubles up to a minute', () => {
    expect([0, 1, 2, 6, 7, 50].map(attempt => backoff(attempt, () => 1))).toEqual([
      500, 1000, 2000, 32_000, 60_000, 60_000,
    ])
  })

  it('keeps half of the delay whatever the dice say', () => {
    expect(backoff(7, () => 0)).toBe(30_000)
  })
})
