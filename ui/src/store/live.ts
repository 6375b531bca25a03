import { type AppRow, appKey, type Deed, type ResourceNode } from '../api/model'
import type { ServerEvent } from '../api/sse'
import { type LiveState, LiveStream } from '../api/stream'
import { Collection } from './collection'

/** Runs the callback once, soon. In the browser: before the next frame, or without one while the tab is hidden. */
export type Scheduler = (flush: () => void) => void

const nextFrame: Scheduler = flush => {
  if (document.hidden) setTimeout(flush, 0)
  else requestAnimationFrame(flush)
}

interface Message {
  topic: string
  items?: readonly unknown[]
  upsert?: readonly unknown[]
  delete?: readonly string[]
  message?: string
}

export const appsTopic = 'apps'
export const treeTopic = (key: string): string => `tree:${key}`
export const deedsTopic = (key: string): string => `deeds:${key}`

/** Everything the server tells live: the applications, and of the one being looked at its resources and what was done to
 * it. Messages are queued
 * and applied together once a frame, so a burst of changes costs one rendering. */
export class LiveStore {
  readonly apps = new Collection<AppRow>(appKey)
  private readonly stream: LiveStream
  private readonly listeners = new Set<() => void>()
  private readonly queue: ServerEvent[] = []
  private readonly problems = new Map<string, string>()
  private state: LiveState = { phase: 'connecting' }
  /** By topic; those of one application at a time. */
  private readonly followed = new Map<string, Collection<{ id: string }>>()
  private scheduled = false

  constructor(private readonly schedule: Scheduler = nextFrame) {
    this.stream = new LiveStream({
      onEvent: event => this.receive(event),
      onState: state => this.setState(state),
    })
  }

  start(): void {
    this.stream.start([appsTopic])
  }

  stop(): void {
    this.stream.stop()
  }

  reconnect = (): void => this.stream.reconnect()

  liveState = (): LiveState => this.state

  /** What the server last complained about for a topic; empty if nothing. */
  problem(topic: string): string {
    return this.problems.get(topic) ?? ''
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** The resources of an application; empty until someone follows it. */
  tree(key: string): Collection<ResourceNode> {
    return this.rowsOf<ResourceNode>(treeTopic(key))
  }

  /** What was done to an application; empty until someone follows it. */
  deeds(key: string): Collection<Deed> {
    return this.rowsOf<Deed>(deedsTopic(key))
  }

  private rowsOf<T extends { id: string }>(topic: string): Collection<T> {
    const known = this.followed.get(topic) as Collection<T> | undefined
    if (known) return known
    const rows = new Collection<T>(row => row.id)
    this.followed.set(topic, rows as unknown as Collection<{ id: string }>)
    return rows
  }

  /** Asks for what belongs to an application instead of the one before. It is never given up but for another, so going
   * back to the same page costs nothing. */
  follow(key: string): void {
    const topics = [treeTopic(key), deedsTopic(key)]
    for (const other of this.followed.keys()) {
      if (!topics.includes(other)) this.followed.delete(other)
    }
    this.stream.subscribe([appsTopic, ...topics])
  }

  /** Takes a message from the stream; public so that tests can speak for the server. */
  receive(event: ServerEvent): void {
    this.queue.push(event)
    if (this.scheduled) return
    this.scheduled = true
    this.schedule(() => this.flush())
  }

  private flush(): void {
    this.scheduled = false
    for (const event of this.queue.splice(0)) this.apply(event)
  }

  private apply({ event, data }: ServerEvent): void {
    const message = parse(data)
    if (!message) return
    if (event === 'error') {
      this.setProblem(message.topic, message.message ?? '')
      return
    }
    const target = this.collection(message.topic)
    if (!target) return
    this.setProblem(message.topic, '')
    if (event === 'snapshot') target.replace(message.items ?? [])
    if (event === 'delta') target.change(message.upsert ?? [], message.delete ?? [])
  }

  private collection(topic: string): Collection<unknown> | undefined {
    if (topic === appsTopic) return this.apps as Collection<unknown>
    return this.followed.get(topic) as Collection<unknown> | undefined
  }

  private setState(state: LiveState): void {
    this.state = state
    this.announce()
  }

  private setProblem(topic: string, problem: string): void {
    if ((this.problems.get(topic) ?? '') === problem) return
    this.problems.set(topic, problem)
    this.announce()
  }

  private announce(): void {
    for (const listener of this.listeners) listener()
  }
}

function parse(data: string): Message | undefined {
  try {
    const message = JSON.parse(data) as Message
    return typeof message?.topic === 'string' ? message : undefined
  } catch {
    return undefined
  }
}
