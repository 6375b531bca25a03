import type { AppRow } from '../api/model'
import { facts, matcher, type Query, type QueryKey } from './query'

export type FacetKey = Exclude<QueryKey, 'label' | 'repo' | 'op'>

export interface FacetValue {
  value: string
  count: number
}

/** Values that are offered even at a count of zero, in the order of urgency. */
const fixedValues: Partial<Record<FacetKey, readonly string[]>> = {
  health: ['Degraded', 'Missing', 'Progressing', 'Suspended', 'Unknown', 'Healthy'],
  sync: ['OutOfSync', 'Unknown', 'Synced'],
  auto: ['on', 'off'],
}

/** The values of one facet with their counts under the other terms of the query: what a click would leave. */
export function facet(apps: readonly AppRow[], query: Query, key: FacetKey): FacetValue[] {
  const matches = matcher(query, key)
  const counts = new Map<string, number>(fixedValues[key]?.map(value => [value, 0]))
  for (const app of apps) {
    if (!matches(app)) continue
    const value = facetFact(app, key)
    if (value) counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  const values = [...counts].map(([value, count]) => ({ value, count }))
  if (!fixedValues[key]) values.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
  return values
}

// The namespace and cluster facets offer one value each, although the terms also match the others.
function facetFact(app: AppRow, key: FacetKey): string {
  return facts(app, key)[0] ?? ''
}
