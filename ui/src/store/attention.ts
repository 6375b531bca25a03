import type { AppRow } from '../api/model'

/** How urgently an application asks for a human, 0 the most. A failed sync on a healthy application comes before drift,
 * drift that nobody will repair before drift that auto-sync will. */
export function attention(app: AppRow): number {
  const failed = app.operation?.phase === 'Failed' || app.operation?.phase === 'Error'
  if (app.health === 'Degraded') return 0
  if (app.reason.code === 'error' || app.reason.code === 'waitingRetry') return 1
  if (failed) return 2
  if (app.health === 'Missing') return 3
  if (app.sync === 'OutOfSync' && !app.autoSync) return 4
  if (app.sync === 'OutOfSync') return 5
  if (app.health === 'Unknown' || app.sync === 'Unknown') return 6
  if (app.deleting) return 7
  if (app.health === 'Progressing' || app.operation?.phase === 'Running') return 8
  if (app.health === 'Suspended') return 9
  return 10
}

export const sortKeys = ['attention', 'name', 'health', 'sync', 'source', 'destination', 'operation'] as const
export type SortKey = (typeof sortKeys)[number]

export interface Sort {
  key: SortKey
  descending: boolean
}

export function parseSort(text: string | null): Sort {
  const descending = text?.startsWith('-') ?? false
  const name = descending ? text?.slice(1) : text
  return { key: sortKeys.find(key => key === name) ?? 'attention', descending }
}

export function printSort({ key, descending }: Sort): string {
  if (key === 'attention') return ''
  return descending ? `-${key}` : key
}

const healthOrder = ['Degraded', 'Missing', 'Unknown', 'Progressing', 'Suspended', 'Healthy']
const syncOrder = ['OutOfSync', 'Unknown', 'Synced']

const primary: Readonly<Record<SortKey, (app: AppRow) => number | string>> = {
  attention,
  name: () => '',
  health: app => healthOrder.indexOf(app.health),
  sync: app => syncOrder.indexOf(app.sync),
  source: app => `${app.source.repoURL}\n${app.source.path || app.source.chart}`,
  destination: app => `${app.destination.name || app.destination.server}\n${app.destination.namespace}`,
  // Newest first: the last deployment is what one looks for.
  operation: app => -(Date.parse(app.operation?.startedAt ?? '') || 0),
}

/** Sorts into a new array; names, then namespaces break ties, so the order never flickers. */
export function sortApps(apps: readonly AppRow[], sort: Sort): AppRow[] {
  const value = primary[sort.key]
  const keyed = apps.map(app => ({ app, value: value(app) }))
  const direction = sort.descending ? -1 : 1
  keyed.sort((a, b) => direction * (compare(a.value, b.value) || byName(a.app, b.app)))
  return keyed.map(entry => entry.app)
}

function compare(a: number | string, b: number | string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function byName(a: AppRow, b: AppRow): number {
  return compare(a.name, b.name) || compare(a.namespace, b.namespace)
}
