import { useMemo } from 'react'
import { useSearchParams } from 'wouter'
import { parseSort, printSort, type Sort } from '../../store/attention'
import { fromArgoParams, parseQuery, type Query } from '../../store/query'

export interface ListState {
  text: string
  query: Query
  sort: Sort
  setText(text: string): void
  setSort(sort: Sort): void
}

/** The list's state, which lives in the address: `q` and `sort`. Without `q`, Argo CD's own parameters are understood. */
export function useListState(): ListState {
  const [params, setParams] = useSearchParams()
  const text = params.get('q') ?? fromArgoParams(params)
  const sortText = params.get('sort')
  return useMemo(() => {
    const write = (q: string, sort: Sort): void => {
      const next: Record<string, string> = {}
      if (q) next.q = q
      const printed = printSort(sort)
      if (printed) next.sort = printed
      setParams(next, { replace: true })
    }
    const sort = parseSort(sortText)
    return {
      text,
      query: parseQuery(text),
      sort,
      setText: q => write(q, sort),
      setSort: s => write(text, s),
    }
  }, [text, sortText, setParams])
}
