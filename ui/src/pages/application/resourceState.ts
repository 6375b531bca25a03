import { useMemo } from 'react'
import { useSearchParams } from 'wouter'

export const views = ['tree', 'list', 'diff'] as const
export type ResourceView = (typeof views)[number]

export interface ResourceState {
  /** Undefined: not chosen, the width of the screen decides. */
  view: ResourceView | undefined
  text: string
  /** Undefined: not chosen, the size of the tree decides. */
  problemsOnly: boolean | undefined
  /** The id of the resource in the inspector, or empty. */
  node: string
  /** Whether what no application manages is shown as well. */
  orphaned: boolean
  /** The field managers whose differences are left out. */
  hidden: ReadonlySet<string>
  set(change: Partial<Record<'view' | 'find' | 'problems' | 'node' | 'orphaned' | 'hide', string>>): void
}

/** What the page shows of the resources, which lives in the address. `view`, `orphaned` and `node` are Argo CD's parameters;
 * its `node` ends with the index of a container, which is not needed here. */
export function useResourceState(): ResourceState {
  const [params, setParams] = useSearchParams()
  const key = params.toString()
  return useMemo(() => {
    const current = new URLSearchParams(key)
    const view = current.get('view')
    const problems = current.get('problems')
    return {
      view: views.find(known => known === view),
      text: current.get('find') ?? '',
      problemsOnly: problems === null ? undefined : problems === '1',
      node: (current.get('node') ?? '').split('/').slice(0, 4).join('/'),
      orphaned: current.get('orphaned') === 'true',
      hidden: new Set((current.get('hide') ?? '').split(',').filter(Boolean)),
      set: change => setParams(old => changed(old, change), { replace: true }),
    }
  }, [key, setParams])
}

function changed(old: URLSearchParams, change: Readonly<Record<string, string>>): URLSearchParams {
  const next = new URLSearchParams(old)
  for (const [name, value] of Object.entries(change)) {
    if (value) next.set(name, value)
    else next.delete(name)
  }
  return next
}
