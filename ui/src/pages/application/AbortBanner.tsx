import { useState } from 'react'
import { type AppRow, appKey, type Deployment } from '../../api/model'
import { useWords } from '../../i18n'
import { useDeeds, useTree } from '../../store/hooks'
import { shortRevisions } from '../describe'
import { useChoose } from './actions/ActionRunner'
import { Banner } from './Banner'
import { RollbackDialog } from './HistoryDialog'
import { type Abort, abortOf } from './object/rollout'
import { deploymentsOf } from './results'

/** A Rollout went back by itself to what ran before, and Git still says otherwise: what people can do about it. */
export function AbortBanner({ app }: { app: AppRow }) {
  const abort = abortOf(app)
  return abort && <Aborted app={app} abort={abort} />
}

function Aborted({ app, abort }: { app: AppRow; abort: Abort }) {
  const { t } = useWords()
  const choose = useChoose()
  const { rows: nodes } = useTree(appKey(app))
  const { rows: deeds } = useDeeds(appKey(app))
  const [entry, setEntry] = useState<Deployment>()
  const rollout = nodes.find(node => node.id === abort.id)
  const before = wayBack(app, deploymentsOf(deeds))
  const close = (): void => setEntry(undefined)
  return (
    <Banner
      label={t.rollout.bannerLabel}
      tone="bad"
      title={t.rollout.banner(abort.git, abort.running)}
      detail={t.rollout.bannerHint}
    >
      {before && (
        <button type="button" className="button" onClick={() => setEntry(before)}>
          {t.rollout.goBack(shortRevisions(before.revision, before.sources))}
        </button>
      )}
      {rollout && (
        <button type="button" className="button" onClick={() => choose(rollout, { name: 'retry' })}>
          {t.rollout.retry}
        </button>
      )}
      {entry && <RollbackDialog app={app} entry={entry} onBack={close} onClose={close} />}
    </Banner>
  )
}

/** The entry of the history to go back to: the one that the server names, or the last that is not what is in force. */
export function wayBack(app: AppRow, history: readonly Deployment[]): Deployment | undefined {
  const { code, params } = app.reason
  if (code === 'aborted') return history.find(({ id }) => String(id) === params.revertId)
  const now = app.sources?.map(source => source.revision).join(' ') ?? app.revision
  return history.find(entry => (entry.sources?.map(source => source.revision).join(' ') ?? entry.revision) !== now)
}
