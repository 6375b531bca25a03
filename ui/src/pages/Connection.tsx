import type { LiveState } from '../api/stream'
import { useWords } from '../i18n'
import type { Messages } from '../i18n/en'
import { useNow } from '../parts/clock'
import { StatusIcon } from '../parts/Status'
import { useLiveState, useStore } from '../store/hooks'
import styles from './Shell.module.css'

/** Whether what one sees is live, in a dot and a word. */
export function LiveDot() {
  const state = useLiveState()
  return (
    <span className={styles.live} data-phase={state.phase} role="status">
      <i className={styles.dot} data-phase={state.phase} aria-hidden="true" />
      {state.phase === 'waiting' ? <Countdown retryAt={state.retryAt} /> : <LiveText state={state} />}
    </span>
  )
}

function LiveText({ state }: { state: LiveState }) {
  const { t } = useWords()
  return <span>{steadyText(state, t)}</span>
}

function steadyText(state: LiveState, t: Messages): string {
  return state.phase === 'waiting' ? '' : t.live[state.phase]
}

// Hidden from assistive technology: a status that speaks each second would drown everything else.
function Countdown({ retryAt }: { retryAt: number }) {
  const { t } = useWords()
  const now = useNow('fine')
  return <span aria-hidden="true">{t.live.waiting(Math.max(0, Math.ceil((retryAt - now) / 1000)))}</span>
}

/** Says plainly that the page is not live any more; absent while it is. */
export function ConnectionBar() {
  const { t } = useWords()
  const store = useStore()
  const state = useLiveState()
  const text = barText(state, t)
  if (!text) return <div />
  return (
    <div className={styles.bar} role="alert">
      <StatusIcon tone="drift" />
      <strong>{text}</strong>
      <button type="button" className="link-button" onClick={store.reconnect}>
        {t.live.reconnectNow}
      </button>
    </div>
  )
}

function barText(state: LiveState, t: Messages): string {
  switch (state.phase) {
    case 'waiting':
      return t.live.lost
    case 'offline':
      return t.live.offlineBar
    case 'refused':
      return t.live.refusedBar(state.problem)
    default:
      return ''
  }
}
