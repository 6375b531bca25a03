import { createContext, type ReactNode, useCallback, useContext, useEffect, useSyncExternalStore } from 'react'
import type { AppRow, Deed, ResourceNode } from '../api/model'
import type { LiveState } from '../api/stream'
import type { Collection } from './collection'
import type { LiveStore } from './live'

const StoreContext = createContext<LiveStore | undefined>(undefined)

export function StoreProvider({ store, children }: { store: LiveStore; children: ReactNode }) {
  return <StoreContext value={store}>{children}</StoreContext>
}

export function useStore(): LiveStore {
  const store = useContext(StoreContext)
  if (!store) throw new Error('useStore needs a StoreProvider above it')
  return store
}

export function useLiveState(): LiveState {
  const store = useStore()
  return useSyncExternalStore(store.subscribe, store.liveState)
}

export function useProblem(topic: string): string {
  const store = useStore()
  return useSyncExternalStore(store.subscribe, () => store.problem(topic))
}

export function useApps(): { rows: readonly AppRow[]; loaded: boolean } {
  return useRows(useStore().apps)
}

/** One application; renders again only when that one changes. */
export function useApp(key: string): { app: AppRow | undefined; loaded: boolean } {
  const { apps } = useStore()
  const subscribe = useCallback((listener: () => void) => apps.subscribeKey(key, listener), [apps, key])
  const app = useSyncExternalStore(subscribe, () => apps.get(key))
  const loaded = useSyncExternalStore(apps.subscribe, () => apps.loaded)
  return { app, loaded }
}

/** The resources of an application, live for as long as the component shows them. */
export function useTree(key: string): { rows: readonly ResourceNode[]; loaded: boolean } {
  const store = useStore()
  useEffect(() => store.follow(key), [store, key])
  return useRows(store.tree(key))
}

/** What was done to an application, live for as long as the component shows it. */
export function useDeeds(key: string): { rows: readonly Deed[]; loaded: boolean } {
  const store = useStore()
  useEffect(() => store.follow(key), [store, key])
  return useRows(store.deeds(key))
}

function useRows<T>(collection: Collection<T>): { rows: readonly T[]; loaded: boolean } {
  const rows = useSyncExternalStore(collection.subscribe, collection.all)
  const loaded = useSyncExternalStore(collection.subscribe, () => collection.loaded)
  return { rows, loaded }
}
