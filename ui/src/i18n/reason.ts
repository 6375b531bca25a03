import type { AppRow, HealthStatus, Reason } from '../api/model'
import type { Messages } from './en'
import type { Formats } from './format'

type Sentence = (t: Messages, p: Params, when: (time: string) => string) => string

/** Params as the sentences want them: absent texts empty, absent or malformed numbers 0. */
interface Params {
  text(name: string): string
  count(name: string): number
}

const sentences: Readonly<Record<string, Sentence>> = {
  ok: t => t.reason.ok(),
  progressing: (t, p) => t.reason.progressing(p.text('kind'), p.text('name'), p.text('message'), p.count('count')),
  degraded: (t, p) => t.reason.degraded(p.text('kind'), p.text('name'), p.text('message'), p.count('count')),
  aborted: (t, p) => t.reason.aborted(p.text('kind'), p.text('name'), p.text('image'), p.text('running')),
  suspended: (t, p) => t.reason.suspended(p.text('kind'), p.text('name')),
  missing: (t, p) => t.reason.missing(p.text('kind'), p.text('name'), p.count('count')),
  outOfSync: (t, p) => t.reason.outOfSync(p.count('count'), p.text('first')),
  syncing: (t, p) =>
    p.text('phase') === 'Terminating' ? t.reason.terminating() : t.reason.syncing(p.count('done'), p.count('total')),
  syncFailed: (t, p) => t.reason.syncFailed(p.text('message')),
  waitingRetry: (t, p, when) => t.reason.waitingRetry(p.count('count'), when(p.text('at')), p.text('message')),
  waiting: (t, p) => t.reason.waiting(p.text('message')),
  unknown: (t, p) => t.reason.unknown(p.text('message')),
  error: (t, p) => t.reason.error(p.text('type'), p.text('message')),
  deleting: (t, p) => t.reason.deleting(p.count('count')),
  new: t => t.reason.new(),
}

/** The reason in the reader's language; the server's own English sentence for a code unknown to this version. */
export function reasonSentence(reason: Reason, t: Messages, format: Formats, now: number): string {
  const sentence = sentences[reason.code]
  if (!sentence) return reason.text
  return sentence(t, readParams(reason.params ?? {}), time => format.ago(time, now))
}

const states: Readonly<Record<string, HealthStatus>> = {
  progressing: 'Progressing',
  degraded: 'Degraded',
  aborted: 'Degraded',
  suspended: 'Suspended',
  missing: 'Missing',
}

/** The sentence as it stands alone, with the state in front where the sentence itself does not tell it. */
export function reasonHeadline(reason: Reason, t: Messages, format: Formats, now: number): string {
  const sentence = reasonSentence(reason, t, format, now)
  const state = states[reason.code]
  return state ? t.reason.headline(t.health[state], sentence) : sentence
}

/** Since when the reason holds, where the row knows it; empty otherwise. */
export function reasonSince(app: AppRow): string {
  const { operation, reason } = app
  switch (reason.code) {
    case 'outOfSync':
      return app.outOfSyncSince
    case 'syncing':
      return operation?.startedAt ?? ''
    case 'syncFailed':
    case 'waitingRetry':
      return operation?.finishedAt ?? ''
    case 'waiting':
      return app.conditions.find(c => c.type === 'SyncWaiting')?.lastTransitionTime ?? ''
    case 'error':
    case 'unknown':
      return app.conditions.find(c => c.type === reason.params.type)?.lastTransitionTime ?? ''
    default:
      return reason.params.since ?? ''
  }
}

function readParams(params: Readonly<Record<string, string>>): Params {
  return {
    text: name => params[name] ?? '',
    count: name => Number.parseInt(params[name] ?? '', 10) || 0,
  }
}
