import { useState } from 'react'
import { Link } from 'wouter'
import { refreshApplication } from '../../api/commands'
import { type AppRow, appKey } from '../../api/model'
import { useWords } from '../../i18n'
import { Boundary } from '../../parts/Boundary'
import { useKeys } from '../../parts/keys'
import { Notice } from '../../parts/Problem'
import { Skeleton } from '../../parts/Skeleton'
import { useToasts } from '../../parts/Toasts'
import { useTitle } from '../../parts/title'
import { useApp } from '../../store/hooks'
import { describeFailure } from '../failure'
import styles from './Application.module.css'
import { ActionRunner } from './actions/ActionRunner'
import { Banners } from './Banners'
import { Conditions } from './Conditions'
import { Header } from './Header'
import { HistoryDialog } from './HistoryDialog'
import { OperationPanel } from './OperationPanel'
import { PipelineStrip } from './Pipeline'
import { Resources } from './Resources'
import { SyncDialog } from './SyncDialog'

/** One application: what is wrong and why, how far its commit came, and everything it consists of. */
export function ApplicationPage({ namespace, name }: { namespace: string; name: string }) {
  useTitle(name)
  const { app, loaded } = useApp(appKey({ namespace, name }))
  if (app) return <Page app={app} />
  return loaded ? <ApplicationNotFound name={`${namespace}/${name}`} /> : <Skeleton lines={8} />
}

export function ApplicationNotFound({ name }: { name: string }) {
  const { t } = useWords()
  return (
    <Notice title={t.app.notFound(name)} hint={t.app.notFoundHint}>
      <Link href="/applications" className="button">
        {t.app.back}
      </Link>
    </Notice>
  )
}

function Page({ app }: { app: AppRow }) {
  const { t } = useWords()
  const say = useToasts()
  const [dialog, setDialog] = useState<'sync' | 'history'>()
  const close = (): void => setDialog(undefined)
  const refresh = async (type: 'normal' | 'hard'): Promise<void> => {
    try {
      await refreshApplication(app, type)
      say('good', t.app.refreshed(app.name))
    } catch (error) {
      say('bad', t.failure.command(t.failure.refresh, describeFailure(error, t)))
    }
  }
  useKeys({
    s: () => setDialog('sync'),
    h: () => setDialog('history'),
    r: () => void refresh('normal'),
    R: () => void refresh('hard'),
  })
  return (
    <ActionRunner app={app}>
      <div className={styles.page}>
        <Header
          app={app}
          onSync={() => setDialog('sync')}
          onHistory={() => setDialog('history')}
          onRefresh={type => void refresh(type)}
        />
        <Banners app={app} />
        <PipelineStrip app={app} />
        <OperationPanel app={app} />
        <Conditions app={app} />
        <Boundary title={t.app.panelFailed} retry={t.common.retry}>
          <Resources app={app} />
        </Boundary>
        {dialog === 'sync' && <SyncDialog app={app} onClose={close} />}
        {dialog === 'history' && <HistoryDialog app={app} onClose={close} />}
      </div>
    </ActionRunner>
  )
}
