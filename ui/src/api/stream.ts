import { backoff } from './backoff'
import { EventParser, type ServerEvent } from './sse'

/** What the live dot shows. `retryAt` is in milliseconds since the epoch. */
export type LiveState =
  | { phase: 'connecting' }
  | { phase: 'live' }
  | { phase: 'waiting'; retryAt: number; problem: string }
  | { phase: 'offline' }
  | { phase: 'paused' }
  | { phase: 'refused'; problem: string }

export interface StreamOptions {
  onEvent(event: ServerEvent): void
  onState(state: LiveState): void
  fetch?: typeof fetch
  random?: () => number
}

const url = '/api/ui/v1/stream'
/** The server sends a comment each 15 s; two missed and a bit of grace mean that the line is dead. */
const silenceLimit = 40_000
const hiddenLimit = 30_000

/** The app's one connection for live data. It reconnects with back-off, resumes by Last-Event-ID, stops once the tab has
 * been hidden for 30 s and comes back when it is seen again.
 *
 * It reads the stream with fetch, not EventSource, because only so a reconnection of our own can carry Last-Event-ID and
 * tell a refusal (401, 403: asking again is of no use) from a failure. */
export class LiveStream {
  private topics: readonly string[] = []
  private lastId = ''
  private attempt = 0
  private connection: AbortController | undefined
  private retryTimer: ReturnType<typeof setTimeout> | undefined
  private silenceTimer: ReturnType<typeof setTimeout> | undefined
  private hiddenTimer: ReturnType<typeof setTimeout> | undefined
  private readonly listening = new AbortController()

  constructor(private readonly options: StreamOptions) {}

  start(topics: readonly string[]): void {
    this.topics = topics
    const { signal } = this.listening
    addEventListener('online', () => this.reconnect(), { signal })
    addEventListener('offline', () => this.halt({ phase: 'offline' }), { signal })
    document.addEventListener('visibilitychange', () => this.visibilityChanged(), { signal })
    this.reconnect()
    this.visibilityChanged()
  }

  /** Changes what the stream carries. A topic that is new needs its snapshot, so the cursor is dropped: resuming could
   * deliver the new topic's deltas without their base. */
  subscribe(topics: readonly string[]): void {
    const missing = topics.some(topic => !this.topics.includes(topic))
    if (!missing) return
    this.topics = topics
    this.lastId = ''
    this.reconnect()
  }

  /** Connects now, whatever was being waited for. */
  reconnect(): void {
    this.disconnect()
    this.attempt = 0
    void this.connect()
  }

  stop(): void {
    this.listening.abort()
    clearTimeout(this.hiddenTimer)
    this.disconnect()
  }

  private disconnect(): void {
    clearTimeout(this.retryTimer)
    clearTimeout(this.silenceTimer)
    this.connection?.abort()
    this.connection = undefined
  }

  private halt(state: LiveState): void {
    this.disconnect()
    this.options.onState(state)
  }

  private visibilityChanged(): void {
    clearTimeout(this.hiddenTimer)
    if (document.hidden) {
      this.hiddenTimer = setTimeout(() => this.halt({ phase: 'paused' }), hiddenLimit)
      return
    }
    if (!this.connection) this.reconnect()
  }

  private async connect(): Promise<void> {
    const connection = new AbortController()
    this.connection = connection
    this.options.onState({ phase: 'connecting' })
    try {
      const response = await this.request(connection.signal)
      if (response.status === 401 || response.status === 403) {
        this.halt({ phase: 'refused', problem: `${response.status} ${response.statusText}`.trim() })
        return
      }
      if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`)
      await this.read(response.body, connection.signal)
      throw new Error('the server closed the connection')
    } catch (error) {
      if (connection.signal.aborted && this.connection !== connection) return
      this.retry(error instanceof Error ? error.message : String(error))
    }
  }

  private request(signal: AbortSignal): Promise<Response> {
    const topics = encodeURIComponent(this.topics.join(','))
      .replaceAll('%2C', ',')
      .replaceAll('%3A', ':')
      .replaceAll('%2F', '/')
    const headers: Record<string, string> = { Accept: 'text/event-stream' }
    if (this.lastId) headers['Last-Event-ID'] = this.lastId
    const get = this.options.fetch ?? fetch
    return get(`${url}?topics=${topics}`, { headers, signal, cache: 'no-store', credentials: 'same-origin' })
  }

  private async read(body: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<void> {
    const reader = body.getReader()
    const decoder = new TextDecoder()
    const parser = new EventParser()
    this.heard()
    this.options.onState({ phase: 'live' })
    for (;;) {
      const { done, value } = await reader.read()
      if (done || signal.aborted) return
      this.heard()
      for (const event of parser.push(decoder.decode(value, { stream: true }))) {
        this.attempt = 0
        if (event.id) this.lastId = event.id
        this.options.onEvent(event)
      }
    }
  }

  private heard(): void {
    clearTimeout(this.silenceTimer)
    const connection = this.connection
    this.silenceTimer = setTimeout(() => connection?.abort(new Error('the server fell silent')), silenceLimit)
  }

  private retry(problem: string): void {
    this.disconnect()
    if (!navigator.onLine) {
      this.options.onState({ phase: 'offline' })
      return
    }
    const delay = backoff(this.attempt, this.options.random)
    this.attempt += 1
    this.options.onState({ phase: 'waiting', retryAt: Date.now() + delay, problem })
    this.retryTimer = setTimeout(() => void this.connect(), delay)
  }
}
