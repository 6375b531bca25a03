import type { AppRow, Destination, ResourceNode, Source } from '../api/model'

/** Short ways to name things, the same on every page. */

export function appPath(app: { namespace: string; name: string }): string {
  return `/applications/${encodeURIComponent(app.namespace)}/${encodeURIComponent(app.name)}`
}

/** The chart, or the path in the repository; the repository's root has no path. */
export function sourceName(source: Source): string {
  return source.chart || source.path || '/'
}

/** What people call one of several sources by: its name, or what it is. */
export function sourceLabel(source: Source): string {
  if (source.name) return source.name
  return source.ref && !source.path && !source.chart ? `$${source.ref}` : sourceName(source)
}

/** All sources of an application, or of a deployment, in one line. */
export function sourceNames({ source, sources }: { source: Source; sources?: readonly Source[] }): string {
  return sources ? sources.map(sourceLabel).join(', ') : sourceName(source)
}

/** The revisions of several sources in one line, or that of the only one. */
export function shortRevisions(revision: string, sources?: readonly Source[]): string {
  if (!sources) return shortSha(revision)
  return sources.map(source => `${sourceLabel(source)} ${shortSha(source.revision ?? '')}`.trim()).join(', ')
}

/** Seven digits of a commit id, as Git shortens them; tags, branches and chart versions stay whole. */
export function shortRevision(app: AppRow): string {
  return shortSha(app.revision || app.source.targetRevision)
}

export function shortSha(revision: string): string {
  return /^[0-9a-f]{40,64}$/.test(revision) ? revision.slice(0, 7) : revision
}

/** The cluster's name; that of the cluster Evenkeel runs in, where only its well-known address is given. */
export function destinationName({ name, server }: Destination): string {
  if (name) return name
  return server === 'https://kubernetes.default.svc' || server === '' ? 'in-cluster' : server
}

export function groupVersion({ group, version }: ResourceNode): string {
  return group ? `${group}/${version}` : version
}
