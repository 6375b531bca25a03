/** The rows of the wire: what the server's stream and commands carry. Times are RFC 3339 strings, empty where unknown. */

export type SyncStatus = 'Synced' | 'OutOfSync' | 'Unknown'
export type HealthStatus = 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended' | 'Missing' | 'Unknown'
export type OperationPhase = 'Running' | 'Terminating' | 'Succeeded' | 'Failed' | 'Error'

export interface Source {
  repoURL: string
  path: string
  chart: string
  targetRevision: string
  type: string
}

export interface Destination {
  server: string
  name: string
  namespace: string
}

export interface Reason {
  code: string
  params: Readonly<Record<string, string>>
  /** An English sentence, always there: what to show for a code this version of the app does not know. */
  text: string
}

export interface Operation {
  phase: OperationPhase
  message: string
  startedAt: string
  finishedAt: string
  revision: string
  initiatedBy: string
  automated: boolean
  retryCount: number
  done: number
  total: number
}

export interface Condition {
  type: string
  message: string
  lastTransitionTime: string
}

export interface Counts {
  total: number
  synced: number
  outOfSync: number
  missing: number
  healthy: number
  progressing: number
  degraded: number
}

export interface AppRow {
  namespace: string
  name: string
  project: string
  labels: Readonly<Record<string, string>>
  createdAt: string
  source: Source
  destination: Destination
  sync: SyncStatus
  health: HealthStatus
  revision: string
  autoSync: boolean
  selfHeal: boolean
  prune: boolean
  deleting: boolean
  reason: Reason
  operation: Operation | null
  conditions: readonly Condition[]
  counts: Counts
  outOfSyncSince: string
  observedAt: string
  images: readonly string[]
}

export interface Change {
  path: string
  desired: string
  live: string
  manager: string
  at: string
}

export interface ResourceNode {
  /** GROUP/KIND/NAMESPACE/NAME; group and namespace may be empty. */
  id: string
  uid: string
  /** Id of the owner; empty for a child of the application itself. */
  parent: string
  group: string
  version: string
  kind: string
  namespace: string
  name: string
  managed: boolean
  /** Empty for what Git does not describe, such as the Pods of a Deployment. */
  sync: SyncStatus | ''
  /** Empty where no health rule exists for the kind. */
  health: HealthStatus | ''
  message: string
  /** In the cluster, no longer in Git. */
  prune: boolean
  /** In Git, not in the cluster. */
  missing: boolean
  createdAt: string
  wave: number
  images: readonly string[]
  info: readonly { name: string; value: string }[]
  outOfSyncSince: string
  drift: readonly Change[]
}

export interface ResourceDiff {
  id: string
  desired: string
  live: string
  changes: readonly Change[]
}

export interface ResourceRef {
  group: string
  kind: string
  namespace: string
  name: string
}

export interface SyncRequest {
  revision: string
  prune: boolean
  dryRun: boolean
  resources?: readonly ResourceRef[]
}

/** How the stream and the store name an application. */
export const appKey = (app: { namespace: string; name: string }): string => `${app.namespace}/${app.name}`
