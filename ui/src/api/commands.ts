import type {
  ActionResult,
  Explained,
  KubeEvent,
  Plan,
  Problem,
  ResourceAction,
  ResourceDiff,
  ResourceNode,
  RollbackRequest,
  SyncRequest,
} from './model'

/** A refusal or failure of the server, in its own words. `status` is 0 where no answer came. */
export class RequestError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message)
    this.name = 'RequestError'
  }
}

interface AppRef {
  namespace: string
  name: string
}

/** Starts an operation. The answer comes as soon as it is recorded; its progress comes over the stream. */
export async function syncApplication(app: AppRef, request: SyncRequest): Promise<void> {
  await post(apiPath(app, 'sync'), request)
}

/** What that sync would do. */
export async function fetchPlan(app: AppRef, request: SyncRequest, signal: AbortSignal): Promise<Plan> {
  return call<Plan>(apiPath(app, 'plan'), { ...json('POST', request), signal })
}

/** Pins to an entry of the history, and syncs to it. */
export async function rollBack(app: AppRef, request: RollbackRequest): Promise<void> {
  await post(apiPath(app, 'rollback'), request)
}

export async function unpin(app: AppRef): Promise<void> {
  await call(apiPath(app, 'pin'), json('DELETE', {}))
}

/** Stops the running operation. */
export async function terminate(app: AppRef): Promise<void> {
  await call(apiPath(app, 'operation'), json('DELETE', {}))
}

/** Confirms the deletions that wait for that. */
export async function confirmDeletions(app: AppRef): Promise<void> {
  await post(`${uiPath(app)}/confirm`, {})
}

export async function refreshApplication(app: AppRef, type: 'normal' | 'hard'): Promise<void> {
  await post(`${uiPath(app)}/refresh`, { type })
}

export async function fetchDiff(app: AppRef, signal: AbortSignal): Promise<readonly ResourceDiff[]> {
  const answer = await call<{ items?: readonly ResourceDiff[] }>(`${uiPath(app)}/diff`, { signal })
  return answer.items ?? []
}

/** Why objects are not healthy, with the last warnings about them. */
export async function fetchCauses(app: AppRef, signal: AbortSignal): Promise<readonly Explained[]> {
  const answer = await call<{ items?: readonly Explained[] }>(`${uiPath(app)}/cause`, { signal })
  return answer.items ?? []
}

/** The conditions with their whole texts. */
export async function fetchProblems(app: AppRef, signal: AbortSignal): Promise<readonly Problem[]> {
  const answer = await call<{ items?: readonly Problem[] }>(apiPath(app, 'problems'), { signal })
  return answer.items ?? []
}

type ObjectRef = Pick<ResourceNode, 'group' | 'version' | 'kind' | 'namespace' | 'name'>

/** What can be done with an object beside syncing it, as it is now. */
export async function fetchActions(
  app: AppRef,
  object: ObjectRef,
  signal: AbortSignal,
): Promise<readonly ResourceAction[]> {
  const { group, version, kind, namespace, name: resourceName } = object
  const query = new URLSearchParams({ group, version, kind, namespace, resourceName })
  const answer = await call<{ actions?: readonly ResourceAction[] | null }>(
    `${apiPath(app, 'resource/actions')}&${query}`,
    { signal },
  )
  return answer.actions ?? []
}

export interface ActionRun {
  action: string
  params: Readonly<Record<string, string>>
}

export async function runAction(app: AppRef, object: ObjectRef, { action, params }: ActionRun): Promise<ActionResult> {
  const { group, version, kind, namespace, name: resourceName } = object
  const resourceActionParameters = Object.entries(params).map(([name, value]) => ({ name, value }))
  const what = { name: app.name, appNamespace: app.namespace, namespace, resourceName, version, group, kind, action }
  return call<ActionResult>(apiPath(app, 'resource/actions/v2'), json('POST', { ...what, resourceActionParameters }))
}

/** The events of an object, the newest first. */
export async function fetchEvents(
  app: AppRef,
  object: Pick<ResourceNode, 'namespace' | 'name' | 'uid'>,
  signal: AbortSignal,
): Promise<readonly KubeEvent[]> {
  const { namespace: resourceNamespace, name: resourceName, uid: resourceUID } = object
  const query = new URLSearchParams({ resourceNamespace, resourceName, resourceUID })
  const answer = await call<{ items?: readonly RawEvent[] | null }>(`${apiPath(app, 'events')}&${query}`, { signal })
  return (answer.items ?? []).map(toEvent).toSorted((a, b) => Date.parse(b.last || '0') - Date.parse(a.last || '0'))
}

/** Of core/v1, which events.k8s.io fills in other fields. */
interface RawEvent {
  type?: string
  reason?: string
  message?: string
  count?: number
  firstTimestamp?: string | null
  lastTimestamp?: string | null
  eventTime?: string | null
  series?: { count?: number; lastObservedTime?: string } | null
}

function toEvent(raw: RawEvent): KubeEvent {
  const { type = '', reason = '', message = '', series } = raw
  const first = raw.firstTimestamp || raw.eventTime || ''
  return {
    type,
    reason,
    message,
    count: series?.count || raw.count || 1,
    first,
    last: series?.lastObservedTime || raw.lastTimestamp || first,
  }
}

function apiPath(app: AppRef, what: string): string {
  return `/api/v1/applications/${encodeURIComponent(app.name)}/${what}?appNamespace=${encodeURIComponent(app.namespace)}`
}

function uiPath(app: AppRef): string {
  return `/api/ui/v1/applications/${encodeURIComponent(app.namespace)}/${encodeURIComponent(app.name)}`
}

function post(path: string, body: unknown): Promise<unknown> {
  return call(path, json('POST', body))
}

function json(method: string, body: unknown): RequestInit {
  return { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }
}

async function call<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response
  try {
    response = await fetch(path, { credentials: 'same-origin', ...init })
  } catch (error) {
    if (init.signal?.aborted) throw error
    throw new RequestError(error instanceof Error ? error.message : String(error), 0)
  }
  const text = await response.text()
  if (!response.ok)
    throw new RequestError(refusal(text) || `${response.status} ${response.statusText}`.trim(), response.status)
  try {
    return (text ? JSON.parse(text) : {}) as T
  } catch {
    throw new RequestError(`the answer to ${path} is not JSON`, response.status)
  }
}

function refusal(text: string): string {
  try {
    const body = JSON.parse(text) as { message?: string; error?: string }
    return body.message || body.error || ''
  } catch {
    return text.length < 300 && !text.trimStart().startsWith('<') ? text.trim() : ''
  }
}
