import type { AppRow } from '../../api/model'

export type StepState = 'done' | 'running' | 'differs' | 'problem' | 'waiting'

/** The four stations between a commit and a healthy application. The first that is not done is where to look. */
export interface Pipeline {
  commit: StepState
  rendered: StepState
  applied: StepState
  healthy: StepState
}

const notRendered = new Set(['ComparisonError', 'InvalidSpecError', 'UnknownError'])

export function pipeline(app: AppRow): Pipeline {
  const broken = app.conditions.some(condition => notRendered.has(condition.type))
  if (!app.revision && !app.observedAt)
    return { commit: broken ? 'problem' : 'waiting', rendered: 'waiting', applied: 'waiting', healthy: 'waiting' }
  return {
    commit: 'done',
    rendered: broken ? 'problem' : 'done',
    applied: appliedState(app),
    healthy: healthyState(app),
  }
}

function appliedState(app: AppRow): StepState {
  const phase = app.operation?.phase
  if (phase === 'Running' || phase === 'Terminating') return 'running'
  if (app.sync === 'Synced') return 'done'
  if (phase === 'Failed' || phase === 'Error') return 'problem'
  return app.sync === 'OutOfSync' ? 'differs' : 'waiting'
}

function healthyState(app: AppRow): StepState {
  switch (app.health) {
    case 'Healthy':
      return 'done'
    case 'Progressing':
      return 'running'
    case 'Degraded':
    case 'Missing':
      return 'problem'
    default:
      return 'waiting'
  }
}
