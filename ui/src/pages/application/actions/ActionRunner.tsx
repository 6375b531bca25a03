import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react'
import { runAction } from '../../../api/commands'
import type { AppRow, ResourceAction, ResourceNode } from '../../../api/model'
import { useWords } from '../../../i18n'
import { useToasts } from '../../../parts/Toasts'
import { describeFailure } from '../../failure'
import { ActionDialog } from './ActionDialog'
import { actionName, objectName, outcome } from './action'

interface Chosen {
  node: ResourceNode
  action: ResourceAction
}

type Choose = (node: ResourceNode, action: ResourceAction) => void

const ChooseContext = createContext<Choose | undefined>(undefined)

/** Shows what an action needs and what is to be known before, runs it, and tells what became of it. A dialog always
 * stands between: a menu is easily missed by a line, and what runs is not taken back. */
export function ActionRunner({ app, children }: { app: AppRow; children: ReactNode }) {
  const { t } = useWords()
  const say = useToasts()
  const [chosen, setChosen] = useState<Chosen>()
  const choose = useCallback<Choose>((node, action) => setChosen({ node, action }), [])
  const close = useCallback(() => setChosen(undefined), [])
  const run = async ({ node, action }: Chosen, params: Readonly<Record<string, string>>): Promise<void> => {
    close()
    const [name, what] = [actionName(action, node, t), objectName(node)]
    const toast = say('running', t.actions.running(name, what))
    try {
      const result = await runAction(app, node, { action: action.name, params })
      say('good', outcome(result, t.actions.done(name, what)), toast)
    } catch (error) {
      say('bad', t.failure.command(t.failure.action(name, what), describeFailure(error, t)), toast)
    }
  }
  return (
    <ChooseContext value={choose}>
      {children}
      {chosen && <ActionDialog {...chosen} onRun={params => void run(chosen, params)} onClose={close} />}
    </ChooseContext>
  )
}

/** Opens the dialog of an action. */
export function useChoose(): Choose {
  const choose = useContext(ChooseContext)
  return useMemo(() => {
    if (!choose) throw new Error('useChoose needs an ActionRunner above it')
    return choose
  }, [choose])
}
