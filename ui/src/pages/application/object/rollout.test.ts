import { describe, expect, it } from 'vitest'
import type { Cause, Deployment } from '../../../api/model'
import { appRow } from '../../../testing/rows'
import { wayBack } from '../AbortBanner'
import { abortOf, isRollout, progressOf } from './rollout'

const canary = (status: string) => `apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  name: api
spec:
  replicas: 2
  strategy:
    canary:
      maxSurge: 1
      steps:
      - setWeight: 10
      - pause:
          duration: 60s
      - setWeight: 50
      - setCanaryScale:
          steps: 3
      stableService: api
  template:
    spec:
      containers:
      - name: api
status:
${status}
  phase: Paused
`

describe('the progress of a Rollout', () => {
  it.each([
    ['the third step', '  currentStepIndex: 2', { step: 2, steps: 4, aborted: false, paused: false }],
    ['none yet', '  conditions:\n  - type: Available', { step: 0, steps: 4, aborted: false, paused: false }],
    ['aborted', '  abort: true\n  currentStepIndex: 0', { step: 0, steps: 4, aborted: true, paused: false }],
    [
      'paused at a step',
      '  currentStepIndex: 1\n  pauseConditions:\n  - reason: CanaryPauseStep\n    startTime: "2026-01-01T00:00:00Z"',
      { step: 1, steps: 4, aborted: false, paused: true },
    ],
    ['more than it has by now', '  currentStepIndex: 9', { step: 4, steps: 4, aborted: false, paused: false }],
  ])('%s', (_, status, want) => {
    expect(progressOf(canary(status))).toEqual(want)
  })

  it('has no steps without a canary, nor where there is nothing to read', () => {
    const none = { step: 0, steps: 0, aborted: false, paused: false }
    expect(
      progressOf('spec:\n  strategy:\n    blueGreen:\n      activeService: api\nstatus:\n  phase: Healthy\n'),
    ).toEqual(none)
    expect(progressOf('')).toEqual(none)
  })

  it('is that of Argo’s Rollouts only', () => {
    expect(isRollout({ group: 'argoproj.io', kind: 'Rollout' })).toBe(true)
    expect(isRollout({ group: 'apps', kind: 'Rollout' })).toBe(false)
  })
})

const cause: Cause = {
  object: { id: 'argoproj.io/Rollout/shop/api', group: 'argoproj.io', kind: 'Rollout', namespace: 'shop', name: 'api' },
  at: null,
  code: 'aborted',
  params: { image: 'x:2', running: 'x:1' },
  text: 'was aborted',
  since: '',
  more: 0,
}

const entry = (id: number, revision: string): Deployment => ({
  id,
  revision,
  startedAt: '',
  deployedAt: '',
  initiatedBy: '',
  automated: true,
  source: appRow().source,
})

describe('an aborted Rollout', () => {
  it('is found by its cause', () => {
    expect(abortOf(appRow({ cause }))).toEqual({ id: cause.object.id, git: 'x:2', running: 'x:1' })
    expect(abortOf(appRow({ cause: { ...cause, code: 'imagePull' } }))).toBeUndefined()
    expect(abortOf(appRow())).toBeUndefined()
  })

  it('goes back to the entry that the server names', () => {
    const history = [entry(3, 'b'), entry(2, 'a'), entry(1, 'a')]
    const reason = { code: 'aborted', params: { revertId: '1', revertRevision: 'a' }, text: '' }
    expect(wayBack(appRow({ reason, revision: 'b' }), history)?.id).toBe(1)
    expect(wayBack(appRow({ reason: { ...reason, params: {} }, revision: 'b' }), history)).toBeUndefined()
  })

  it('goes back to what ran before, where another reason comes first', () => {
    expect(wayBack(appRow({ revision: 'b' }), [entry(3, 'b'), entry(2, 'a'), entry(1, 'c')])?.id).toBe(2)
    expect(wayBack(appRow({ revision: 'b' }), [entry(3, 'b')])).toBeUndefined()
  })
})
