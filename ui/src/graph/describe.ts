import type { ResourceNode } from '../api/model'
import type { Messages } from '../i18n/en'

/** A resource's state in words: for titles and assistive technology. */
export function describeState(node: ResourceNode, t: Messages): string {
  const parts = [
    node.health && t.health[node.health],
    node.sync && t.sync[node.sync],
    node.missing && t.tree.notInCluster,
    node.prune && t.tree.toBePruned,
    node.hook && t.operation.hook,
    node.orphaned && t.tree.orphaned,
  ]
  return parts.filter(Boolean).join(', ')
}
