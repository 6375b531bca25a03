import type { AppRow, ResourceNode } from '../api/model'

/** Rows for tests: a healthy application and a synced resource, with what the test cares about put on top. */

export function appRow(over: Partial<AppRow> = {}): AppRow {
  return {
    namespace: 'argocd',
    name: 'shop',
    project: 'default',
    labels: {},
    createdAt: '2026-01-01T00:00:00Z',
    source: {
      repoURL: 'https://git.example.com/team/deploy.git',
      path: 'apps/shop',
      chart: '',
      targetRevision: 'main',
      type: 'Kustomize',
    },
    destination: { server: 'https://kubernetes.default.svc', name: '', namespace: 'shop' },
    sync: 'Synced',
    health: 'Healthy',
    revision: '0123456789abcdef0123456789abcdef01234567',
    autoSync: true,
    selfHeal: false,
    prune: false,
    deleting: false,
    reason: { code: 'ok', params: {}, text: 'All is well' },
    operation: null,
    conditions: [],
    counts: { total: 3, synced: 3, outOfSync: 0, missing: 0, healthy: 3, progressing: 0, degraded: 0 },
    outOfSyncSince: '',
    observedAt: '2026-01-01T00:00:00Z',
    images: [],
    pin: null,
    confirm: 0,
    ...over,
  }
}

export function resourceNode(over: Partial<ResourceNode> = {}): ResourceNode {
  const node: ResourceNode = {
    id: '',
    uid: '',
    parent: '',
    group: '',
    version: 'v1',
    kind: 'ConfigMap',
    namespace: 'shop',
    name: 'settings',
    managed: true,
    hook: false,
    sync: 'Synced',
    health: '',
    message: '',
    prune: false,
    missing: false,
    createdAt: '2026-01-01T00:00:00Z',
    wave: 0,
    images: [],
    info: [],
    outOfSyncSince: '',
    drift: [],
    ...over,
  }
  return { ...node, id: over.id ?? `${node.group}/${node.kind}/${node.namespace}/${node.name}` }
}

/** A generator of numbers below 1 with a seed (mulberry32), so that a failing property can be run again. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
