import type { HealthStatus, OperationPhase, SyncStatus } from '../api/model'

/** A state's look: one colour and one shape each. The names are those of the colour tokens and of the icons. */
export type Tone = 'good' | 'running' | 'bad' | 'drift' | 'missing' | 'paused' | 'unknown'

export const healthTone: Readonly<Record<HealthStatus, Tone>> = {
  Healthy: 'good',
  Progressing: 'running',
  Degraded: 'bad',
  Suspended: 'paused',
  Missing: 'missing',
  Unknown: 'unknown',
}

export const syncTone: Readonly<Record<SyncStatus, Tone>> = { Synced: 'good', OutOfSync: 'drift', Unknown: 'unknown' }

export const phaseTone: Readonly<Record<OperationPhase, Tone>> = {
  Running: 'running',
  Terminating: 'running',
  Succeeded: 'good',
  Failed: 'bad',
  Error: 'bad',
}
