/** Rows by key, changed in batches. Readers subscribe to one key, at a cost that does not depend on the number of rows,
 * or to the whole. Every change replaces row objects, so `===` tells whether a row changed. */
export class Collection<T> {
  private readonly rows = new Map<string, T>()
  private readonly listeners = new Set<() => void>()
  private readonly keyListeners = new Map<string, Set<() => void>>()
  private cached: readonly T[] | undefined
  private snapshotSeen = false

  constructor(private readonly keyOf: (row: T) => string) {}

  /** Whether a snapshot has arrived: only then does an empty collection mean that there is nothing. */
  get loaded(): boolean {
    return this.snapshotSeen
  }

  get(key: string): T | undefined {
    return this.rows.get(key)
  }

  /** All rows in order of arrival; the same array until something changes. */
  all = (): readonly T[] => {
    this.cached ??= [...this.rows.values()]
    return this.cached
  }

  /** Makes the collection equal to the given rows. A row that says the same as before keeps its identity, so that a
   * reconnection redraws nothing. */
  replace(rows: readonly T[]): void {
    const changed = new Set<string>(this.rows.keys())
    const before = new Map(this.rows)
    this.rows.clear()
    for (const row of rows) {
      const key = this.keyOf(row)
      const old = before.get(key)
      const same = old !== undefined && JSON.stringify(old) === JSON.stringify(row)
      this.rows.set(key, same ? old : row)
      if (same) changed.delete(key)
      else changed.add(key)
    }
    const first = !this.snapshotSeen
    this.snapshotSeen = true
    if (changed.size > 0 || first) this.notify(changed)
  }

  /** Applies one delta. */
  change(upsert: readonly T[], remove: readonly string[]): void {
    const changed = new Set<string>()
    for (const key of remove) {
      if (this.rows.delete(key)) changed.add(key)
    }
    for (const row of upsert) {
      const key = this.keyOf(row)
      this.rows.set(key, row)
      changed.add(key)
    }
    if (changed.size > 0) this.notify(changed)
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  subscribeKey(key: string, listener: () => void): () => void {
    const listeners = this.keyListeners.get(key) ?? new Set()
    this.keyListeners.set(key, listeners)
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.keyListeners.get(key) === listeners) this.keyListeners.delete(key)
    }
  }

  private notify(changed: ReadonlySet<string>): void {
    this.cached = undefined
    for (const key of changed) {
      for (const listener of this.keyListeners.get(key) ?? []) listener()
    }
    for (const listener of this.listeners) listener()
  }
}
