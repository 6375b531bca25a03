import { fetchDiff } from '../../../api/commands'
import { type AppRow, appKey, type ResourceNode } from '../../../api/model'
import { useWords } from '../../../i18n'
import { useRequest } from '../../../parts/request'
import { useActions } from '../actions/ActionMenu'
import { useChoose } from '../actions/ActionRunner'
import { actionName } from '../actions/action'
import styles from './RolloutPanel.module.css'
import { progressOf, type RolloutProgress } from './rollout'

/** The order in which a rollout is led; others follow as they come. */
const order = ['resume', 'promote-full', 'skip-current-step', 'pause', 'retry', 'restart', 'abort']

/** How far an Argo Rollout has come, and the buttons that lead it on. */
export function RolloutPanel({ app, node }: { app: AppRow; node: ResourceNode }) {
  const { t } = useWords()
  // What the stream says of the Rollout stands for its status, which decides what can be done.
  const state = JSON.stringify([node.health, node.message, node.info, node.images])
  const diff = useRequest(`${appKey(app)} ${node.id} ${state}`, signal => fetchDiff(app, signal))
  const live = diff.data?.find(item => item.id === node.id)?.live
  return (
    <section>
      <h3>{t.rollout.title}</h3>
      {live && <Progress progress={progressOf(live)} />}
      <Buttons app={app} node={node} state={state} />
    </section>
  )
}

function Progress({ progress: { step, steps, aborted, paused } }: { progress: RolloutProgress }) {
  const { t } = useWords()
  return (
    <>
      {steps > 0 && (
        <div className={styles.progress}>
          <p>{step >= steps ? t.rollout.finished(steps) : t.rollout.step(step + 1, steps)}</p>
          <ol className={styles.steps} aria-hidden="true">
            {Array.from({ length: steps }, (_, position) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a step is known by its position
              <li key={position} data-state={position < step ? 'done' : position === step ? 'now' : ''} />
            ))}
          </ol>
        </div>
      )}
      {aborted && <p className={styles.aborted}>{t.rollout.aborted}</p>}
      {paused && !aborted && <p className="muted">{t.rollout.paused}</p>}
    </>
  )
}

function Buttons({ app, node, state }: { app: AppRow; node: ResourceNode; state: string }) {
  const { t } = useWords()
  const choose = useChoose()
  const actions = useActions(app, node, state)
  const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length)
  const sorted = (actions.data ?? []).toSorted((a, b) => rank(a.name) - rank(b.name))
  return (
    <div className={styles.buttons}>
      {sorted.map(action => (
        <button
          key={action.name}
          type="button"
          className="button small"
          disabled={action.disabled}
          title={action.disabled ? action.note || t.actions.disabled : undefined}
          onClick={() => choose(node, action)}
        >
          {actionName(action, node, t)}
        </button>
      ))}
    </div>
  )
}
