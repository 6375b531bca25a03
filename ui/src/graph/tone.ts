import type { ResourceNode } from '../api/model'
import { healthTone, type Tone } from '../parts/tone'

/** The one colour of a resource: its worst news. Empty where there is nothing to say. */
export function nodeTone(node: ResourceNode): Tone | '' {
  if (node.health && node.health !== 'Healthy') return healthTone[node.health]
  if (node.missing) return 'missing'
  if (node.sync === 'OutOfSync' || node.prune) return 'drift'
  if (node.health === 'Healthy') return 'good'
  return node.sync === 'Synced' ? 'good' : ''
}
