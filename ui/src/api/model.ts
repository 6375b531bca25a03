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
  /** Of one of several: what people call it, what other sources do, and the revision that it is at. */
  name?: string
  ref?: string
  revision?: string
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
  /** There is more to say than the message; see Problem. */
  more?: boolean
}

/** A condition with the whole text of what its message may be only the beginning of. */
export interface Problem {
  type: string
  message: string
  text: string
}

/** What holds an application at a commit, by whom, why and until when. */
export interface Pinned {
  revision: string
  /** Those of several sources, of which revision is the first. */
  revisions?: readonly string[]
  /** Id of the history entry that was gone back to; -1 for none. */
  history: number
  by: string
  reason: string
  until: string
  untilNewer: boolean
  /** What is wrong with a pin that cannot be read; empty if nothing. */
  problem: string
}

/** An object, by the same id as its node. */
export interface ObjectName extends ResourceRef {
  id: string
}

/** What explains that an application or an object is Degraded or Progressing, found among what the object owns. */
export interface Cause {
  /** The application's own object; what people know by name. */
  object: ObjectName
  /** The object below it that is in trouble, or it itself; null if there are several. */
  at: ObjectName | null
  code: string
  params: Readonly<Record<string, string>>
  /** In English, as it follows "Deployment api: "; for a code this version of the app does not know. */
  text: string
  since: string
  /** How many other causes there are. */
  more: number
}

/** A cause with what is known beyond a row, read from the cluster when somebody looks. */
export interface Explained extends Cause {
  /** Some of those in trouble. */
  objects: readonly ObjectName[]
  restarts: number
  /** What the first of them says itself. */
  message: string
  /** The last warning about one of them. */
  event: { reason: string; message: string; count: number; firstAt: string; lastAt: string } | null
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
  /** Those of an application that has a list of them, of which source is the first. */
  sources?: readonly Source[]
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
  pin: Pinned | null
  /** How many deletions wait for a person to confirm them. */
  confirm: number
  /** Why it is not healthy; absent where that is not known, or it is. */
  cause?: Cause | null
}

/** Something that was done to an application: one of the two is there. */
export interface Deed {
  id: string
  deployment?: Deployment
  result?: OperationResult
}

/** An entry of the history. */
export interface Deployment {
  id: number
  revision: string
  startedAt: string
  deployedAt: string
  initiatedBy: string
  automated: boolean
  source: Source
  sources?: readonly Source[]
}

export type SyncPhase = 'PreSync' | 'Sync' | 'PostSync' | 'SyncFail'

/** What became of one object in the running or the last operation. */
export interface OperationResult extends ResourceRef {
  /** Its place among the results: as they came. */
  order: number
  phase: string
  wave: number
  version: string
  /** The type of a hook; empty for other objects. */
  hook: string
  status: 'Synced' | 'SyncFailed' | 'Pruned' | 'PruneSkipped' | ''
  /** A hook's phase, or how far an object's health is. */
  hookPhase: OperationPhase | ''
  message: string
}

export type PlanAction = 'keep' | 'create' | 'update' | 'replace' | 'prune' | 'run' | 'skip'

/** What a sync would do; a sync that is given the hash does just this or refuses. */
export interface Plan {
  hash: string
  revision: string
  steps: readonly PlanStep[]
  skipped: readonly PlanItem[]
  /** Why no sync to this revision does anything, if so. */
  refused?: readonly string[]
}

/** One wave of one phase. */
export interface PlanStep {
  phase: string
  wave: number
  items: readonly PlanItem[]
}

export interface PlanItem extends ResourceRef {
  id: string
  version: string
  action: PlanAction
  /** An English sentence. */
  reason: string
  changes?: readonly Change[]
}

/** A field that differs. */
export interface Change {
  path: string
  desired: string
  live: string
  /** Who set the live value, and when. */
  manager: string
  at: string
  /** The API server does not change this field: the object is made anew, or the sync fails. */
  immutable?: 'replaced' | 'refused'
  /** What can be done about it, in English. */
  advice?: string
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
  /** Made and deleted by syncs, and never different from Git. */
  hook: boolean
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
  cause?: Cause | null
  /** In a namespace of the application, and no application's. */
  orphaned?: boolean
  /** Ids of all owners, where these are not the parent alone. */
  parents?: readonly string[]
  networkingInfo?: { externalURLs?: readonly string[] }
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
  /** Those of some of several sources, whose positions count from 1. */
  revisions?: readonly string[]
  sourcePositions?: readonly number[]
  prune: boolean
  dryRun: boolean
  resources?: readonly ResourceRef[]
  infos?: readonly { name: string; value: string }[]
}

/** The info of a sync that is to do just the plan with this hash. */
export const planInfo = 'evenkeel.dev/plan'

export interface RollbackRequest {
  /** Of the history entry. */
  id: number
  prune: boolean
  reason: string
  /** RFC 3339; empty for a pin that lasts until it is removed. */
  until: string
  untilNewerCommit: boolean
}

/** What can be done with an object beside syncing it. */
export interface ResourceAction {
  name: string
  displayName?: string
  disabled?: boolean
  params?: readonly ActionParam[]
  /** What one should know before: that self-heal will undo it; or why it is disabled. */
  note?: string
}

export interface ActionParam {
  name: string
  /** What a form begins with. */
  default?: string
}

/** What an action has done. */
export interface ActionResult {
  note?: string
  /** Ids of objects that were made. */
  created?: readonly string[]
}

/** A Kubernetes Event, as far as it is shown. */
export interface KubeEvent {
  type: string
  reason: string
  message: string
  count: number
  first: string
  last: string
}

/** How the stream and the store name an application. */
export const appKey = (app: { namespace: string; name: string }): string => `${app.namespace}/${app.name}`
