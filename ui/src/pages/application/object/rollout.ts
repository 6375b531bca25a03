import type { AppRow, ResourceNode } from '../../../api/model'

/** Where an Argo Rollout stands, as far as its live manifest tells. */
export interface RolloutProgress {
  /** Steps done, of how many; 0 of 0 where it has none. */
  step: number
  steps: number
  aborted: boolean
  paused: boolean
}

export function isRollout(node: Pick<ResourceNode, 'group' | 'kind'>): boolean {
  return node.group === 'argoproj.io' && node.kind === 'Rollout'
}

/** Reads the few fields that matter off the YAML that the server writes, which is indented by two and sorted: a parser
 * would weigh more than all the rest of this page. */
export function progressOf(yaml: string): RolloutProgress {
  const status = block(yaml.split('\n'), 'status')
  const canary = ['spec', 'strategy', 'canary', 'steps'].reduce(block, yaml.split('\n'))
  const steps = canary.filter(line => line.startsWith('- ')).length
  const index = Number.parseInt(field(status, 'currentStepIndex'), 10) || 0
  return {
    step: Math.min(index, steps),
    steps,
    aborted: field(status, 'abort') === 'true',
    paused: block(status, 'pauseConditions').length > 0,
  }
}

/** The lines below a key, without the indentation that they share. */
function block(lines: readonly string[], key: string): string[] {
  const start = lines.indexOf(`${key}:`)
  if (start < 0) return []
  const rest = lines.slice(start + 1)
  const end = rest.findIndex(line => line !== '' && !line.startsWith(' ') && !line.startsWith('- '))
  const inner = end < 0 ? rest : rest.slice(0, end)
  const indent = inner[0]?.startsWith('- ') ? 0 : 2
  return inner.map(line => line.slice(indent))
}

function field(lines: readonly string[], key: string): string {
  return (
    lines
      .find(line => line.startsWith(`${key}: `))
      ?.slice(key.length + 2)
      .trim() ?? ''
  )
}

/** A Rollout that went back to what ran before, while Git says what it was to go to. */
export interface Abort {
  /** Of the Rollout's node. */
  id: string
  /** The image that Git says, and what is running. */
  git: string
  running: string
}

export function abortOf({ cause }: AppRow): Abort | undefined {
  if (cause?.code !== 'aborted') return undefined
  const { image = '', running = '' } = cause.params
  return { id: (cause.at ?? cause.object).id, git: image, running }
}
