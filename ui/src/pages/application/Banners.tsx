import { useState } from 'react'
import { confirmDeletions, unpin } from '../../api/commands'
import type { AppRow, Pinned } from '../../api/model'
import { useWords } from '../../i18n'
import type { Messages } from '../../i18n/en'
import { instant } from '../../i18n/format'
import { useNow } from '../../parts/clock'
import { Dialog } from '../../parts/Dialog'
import { useToasts } from '../../parts/Toasts'
import { shortSha } from '../describe'
import { describeFailure } from '../failure'
import { AbortBanner } from './AbortBanner'
import { Banner } from './Banner'
import styles from './Banners.module.css'

/** What holds the application, each with what one can do about it. */
export function Banners({ app }: { app: AppRow }) {
  const waiting = app.conditions.find(condition => condition.type === 'SyncWaiting')
  return (
    <>
      {app.pin && <PinBanner app={app} pin={app.pin} />}
      <AbortBanner app={app} />
      {waiting && <WaitingBanner message={waiting.message} since={waiting.lastTransitionTime} />}
      {app.confirm > 0 && <ConfirmBanner app={app} />}
    </>
  )
}

function PinBanner({ app, pin }: { app: AppRow; pin: Pinned }) {
  const { t } = useWords()
  const say = useToasts()
  const [sending, setSending] = useState(false)
  const release = async (): Promise<void> => {
    setSending(true)
    try {
      await unpin(app)
      say('good', t.pin.unpinned(app.name))
    } catch (error) {
      say('bad', t.failure.command(t.failure.unpin, describeFailure(error, t)))
    }
    setSending(false)
  }
  return (
    <Banner
      label={t.pin.label}
      tone={pin.problem ? 'bad' : 'paused'}
      title={pin.problem ? t.pin.broken : t.pin.title(shortSha(pin.revision), pin.history)}
      detail={
        pin.problem || (
          <>
            {pin.reason && <q className={styles.reason}>{pin.reason}</q>}
            {pin.by && <span>{t.pin.by(pin.by)}</span>}
            <PinEnd pin={pin} />
          </>
        )
      }
    >
      <button type="button" className="button" disabled={sending} onClick={() => void release()}>
        {t.pin.unpin}
      </button>
    </Banner>
  )
}

function PinEnd({ pin }: { pin: Pinned }) {
  const { t, format } = useWords()
  const now = useNow()
  const at = instant(pin.until)
  const when = at === undefined ? '' : format.ago(at, now)
  return <span title={format.exact(pin.until)}>{pinEnd({ when, untilNewer: pin.untilNewer }, t)}</span>
}

function pinEnd({ when, untilNewer }: { when: string; untilNewer: boolean }, t: Messages): string {
  if (when && untilNewer) return t.pin.endsEither(when)
  if (when) return t.pin.endsAt(when)
  return untilNewer ? t.pin.endsNewer : t.pin.endsNever
}

function WaitingBanner({ message, since }: { message: string; since: string }) {
  const { t, format } = useWords()
  const now = useNow()
  const at = instant(since)
  return (
    <Banner
      label={t.waiting.label}
      tone="running"
      title={
        <>
          {t.waiting.title}
          {at !== undefined && (
            <time className={styles.since} dateTime={since} title={format.exact(since)}>
              {' · '}
              {t.app.since(format.ago(at, now))}
            </time>
          )}
        </>
      }
      detail={message}
    />
  )
}

function ConfirmBanner({ app }: { app: AppRow }) {
  const { t } = useWords()
  const [asking, setAsking] = useState(false)
  return (
    <Banner label={t.confirm.label} tone="missing" title={t.confirm.title(app.confirm)} detail={t.confirm.hint}>
      <button type="button" className="button" onClick={() => setAsking(true)}>
        {t.confirm.open}
      </button>
      {asking && <ConfirmDialog app={app} onClose={() => setAsking(false)} />}
    </Banner>
  )
}

function ConfirmDialog({ app, onClose }: { app: AppRow; onClose(): void }) {
  const { t } = useWords()
  const say = useToasts()
  const [sending, setSending] = useState(false)
  const confirm = async (): Promise<void> => {
    setSending(true)
    try {
      await confirmDeletions(app)
      say('good', t.confirm.done(app.name))
      onClose()
    } catch (error) {
      say('bad', t.failure.command(t.failure.confirm, describeFailure(error, t)))
      setSending(false)
    }
  }
  const footer = (
    <>
      <button type="button" className="button" onClick={onClose}>
        {t.common.cancel}
      </button>
      <button type="button" className="button danger" disabled={sending} onClick={() => void confirm()}>
        {t.confirm.start(app.confirm)}
      </button>
    </>
  )
  return (
    <Dialog title={t.confirm.dialog(app.name)} width={480} footer={footer} onClose={onClose}>
      <p>{t.confirm.question(app.confirm)}</p>
    </Dialog>
  )
}
