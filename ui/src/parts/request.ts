import { useCallback, useEffect, useState } from 'react'

export interface Requested<T> {
  data: T | undefined
  problem: string
  again(): void
}

/** Asks once for what the stream does not carry, and again only when `key` changes or the reader asks. An answer that
 * comes after its question was dropped is ignored. `ask` must depend on nothing but the key; an empty one asks nothing. */
export function useRequest<T>(key: string, ask: (signal: AbortSignal) => Promise<T>): Requested<T> {
  const [turn, setTurn] = useState(0)
  const [state, setState] = useState<{ key: string; data?: T; problem: string }>({ key, problem: '' })
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for all that `ask` reads; turn asks again
  useEffect(() => {
    if (!key) return
    const question = new AbortController()
    ask(question.signal).then(
      data => {
        if (!question.signal.aborted) setState({ key, data, problem: '' })
      },
      (error: unknown) => {
        if (!question.signal.aborted) setState({ key, problem: error instanceof Error ? error.message : String(error) })
      },
    )
    return () => question.abort()
  }, [key, turn])
  const again = useCallback(() => {
    setState({ key, problem: '' })
    setTurn(old => old + 1)
  }, [key])
  const current = state.key === key
  return { data: current ? state.data : undefined, problem: current ? state.problem : '', again }
}
