import type { ActionParam, ActionResult, ResourceAction, ResourceNode } from '../../../api/model'
import type { Messages } from '../../../i18n/en'

/** In the reader's language where the action is a common one; as the server calls it otherwise. */
export function actionName({ name, displayName }: ResourceAction, { kind }: ResourceNode, t: Messages): string {
  if (kind === 'Rollout' && name === 'resume') return t.actions.promote
  const known: Readonly<Record<string, string>> = t.actions.known
  return (Object.hasOwn(known, name) && known[name]) || displayName || name
}

/** "Deployment api" */
export function objectName({ kind, name }: ResourceNode): string {
  return `${kind} ${name}`
}

/** What an action is started with unless the reader says otherwise. */
export function defaults(params: readonly ActionParam[]): Record<string, string> {
  return Object.fromEntries(params.map(param => [param.name, param.default ?? '']))
}

/** A parameter has no type; what it begins with tells. */
export function fieldType({ default: text = '' }: ActionParam): 'number' | 'boolean' | 'text' {
  if (/^\d+$/.test(text)) return 'number'
  return text === 'true' || text === 'false' ? 'boolean' : 'text'
}

/** What an action has made, and what there is to know about it, in one line. */
export function outcome({ note = '', created = [] }: ActionResult, done: string): string {
  const made = created.map(id => id.split('/')).map(([, kind = '', , name = '']) => `${kind} ${name}`)
  return [done, made.join(', '), note].filter(Boolean).join(' · ')
}
