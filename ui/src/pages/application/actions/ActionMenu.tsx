import { useState } from 'react'
import { fetchActions } from '../../../api/commands'
import { type AppRow, appKey, type ResourceAction, type ResourceNode } from '../../../api/model'
import { useWords } from '../../../i18n'
import type { Messages } from '../../../i18n/en'
import { Icon } from '../../../parts/Icon'
import { Menu } from '../../../parts/Menu'
import { ContextMenu, type MenuItem } from '../../../parts/MenuList'
import { type Requested, useRequest } from '../../../parts/request'
import { useToasts } from '../../../parts/Toasts'
import { useChoose } from './ActionRunner'
import { actionName, objectName } from './action'

type Actions = Requested<readonly ResourceAction[]>

/** The actions of an object as it is now; `turn` asks anew, and 0 not at all. */
export function useActions(app: AppRow, node: ResourceNode, turn: string | number): Actions {
  // What is missing has none, and a server that is asked would only say that it is not there.
  const key = turn && !node.missing ? `${appKey(app)} ${node.id} actions ${turn}` : ''
  return useRequest(key, signal => fetchActions(app, node, signal))
}

function useItems(actions: Actions, node: ResourceNode): MenuItem[] {
  const { t } = useWords()
  const choose = useChoose()
  return (actions.data ?? []).map(action => ({
    label: actionName(action, node, t),
    disabled: action.disabled,
    hint: action.disabled ? action.note || t.actions.disabled : undefined,
    run: () => choose(node, action),
  }))
}

/** What stands in the menu instead of actions. */
function noteOf(actions: Actions, node: ResourceNode, t: Messages): string | undefined {
  if (actions.problem) return t.failure.command(t.actions.failed, actions.problem)
  if (node.missing) return t.actions.none
  if (!actions.data) return t.common.loading
  return actions.data.length === 0 ? t.actions.none : undefined
}

/** The menu of an object's panel; it asks the server when it is opened. */
export function ActionMenu({ app, node }: { app: AppRow; node: ResourceNode }) {
  const { t } = useWords()
  const [turn, setTurn] = useState(0)
  const actions = useActions(app, node, turn)
  return (
    <Menu
      label={t.actions.on(objectName(node))}
      className="button small"
      items={useItems(actions, node)}
      note={noteOf(actions, node, t)}
      onOpen={() => setTurn(turn + 1)}
    >
      {t.actions.label}
      <Icon name="down" size={13} />
    </Menu>
  )
}

interface NodeMenuProps {
  app: AppRow
  node: ResourceNode
  x: number
  y: number
  select(id: string): void
  close(): void
}

/** The same where the pointer is, with what else one does with a node. */
export function NodeMenu({ app, node, x, y, select, close }: NodeMenuProps) {
  const { t } = useWords()
  const say = useToasts()
  const actions = useActions(app, node, 1)
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(node.name)
      say('good', t.common.copied)
    } catch (error) {
      say('bad', error instanceof Error ? error.message : String(error))
    }
  }
  const items: MenuItem[] = [
    { label: t.actions.details, run: () => select(node.id) },
    { label: t.actions.copyName, run: () => void copy() },
    ...useItems(actions, node).map((item, position) => ({ ...item, apart: position === 0 })),
  ]
  return (
    <ContextMenu
      label={t.actions.on(objectName(node))}
      x={x}
      y={y}
      items={items}
      note={noteOf(actions, node, t)}
      close={close}
    />
  )
}
