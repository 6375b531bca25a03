import { Link } from 'wouter'
import type { AppRow, Cause } from '../../api/model'
import { useWords } from '../../i18n'
import { causeOfReason } from '../../i18n/cause'
import { reasonHeadline, reasonSince } from '../../i18n/reason'
import { useNow } from '../../parts/clock'
import { Icon } from '../../parts/Icon'
import { Menu } from '../../parts/Menu'
import { Health, Status, Sync } from '../../parts/Status'
import { Since } from '../../parts/Time'
import { destinationName } from '../describe'
import styles from './Application.module.css'
import { CauseLink } from './Cause'
import { Reach } from './Reach'

interface HeaderProps {
  app: AppRow
  onSync(): void
  onHistory(): void
  onRefresh(type: 'normal' | 'hard'): void
}

/** Name, state, the sentence that says why, and what one can do about it. */
export function Header({ app, onSync, onHistory, onRefresh }: HeaderProps) {
  const { t } = useWords()
  return (
    <header className={styles.header}>
      <nav className={styles.crumbs} aria-label={t.app.back}>
        <Link href="/applications">{t.list.title}</Link>
        <span aria-hidden="true">/</span>
        <span>{app.namespace}</span>
      </nav>
      <div className={styles.titleRow}>
        <h1>{app.name}</h1>
        <div className={styles.pills}>
          <Health status={app.health} pill />
          <Sync status={app.sync} pill />
          {app.pin && <Status tone="paused" text={t.pin.pinned} pill />}
          {app.deleting && <Status tone="missing" text={t.app.deleting} pill />}
        </div>
        <Actions onSync={onSync} onHistory={onHistory} onRefresh={onRefresh} />
      </div>
      <ReasonLine app={app} />
      <Facts app={app} />
    </header>
  )
}

function Actions({ onSync, onHistory, onRefresh }: Omit<HeaderProps, 'app'>) {
  const { t } = useWords()
  const ways = [
    { label: t.app.refreshNormal, hint: t.app.refreshNormalHint, run: () => onRefresh('normal') },
    { label: t.app.refreshHard, hint: t.app.refreshHardHint, run: () => onRefresh('hard') },
  ]
  return (
    <div className={styles.actions}>
      <button type="button" className="button primary" aria-keyshortcuts="s" onClick={onSync}>
        <Icon name="sync" size={15} />
        {t.app.sync}
      </button>
      <button type="button" className="button" aria-keyshortcuts="h" onClick={onHistory}>
        <Icon name="history" size={15} />
        {t.history.open}
      </button>
      <div className={styles.split}>
        <button type="button" className="button" aria-keyshortcuts="r" onClick={() => onRefresh('normal')}>
          <Icon name="refresh" size={15} />
          {t.app.refresh}
        </button>
        <Menu label={t.app.refreshMore} className="button" items={ways}>
          <Icon name="down" size={14} />
        </Menu>
      </div>
    </div>
  )
}

/** Why it is as it is; beside another reason, such as a running sync, also why it is not healthy. */
function ReasonLine({ app }: { app: AppRow }) {
  const { t, format } = useWords()
  const now = useNow()
  const instead = causeOfReason(app)
  const { cause } = app
  return (
    <>
      <p className={styles.reason} data-testid="reason">
        {instead ? (
          <CauseSentence app={app} cause={instead} />
        ) : (
          <>
            {reasonHeadline(app.reason, t, format, now)}
            <Since className="muted" time={reasonSince(app)} />
          </>
        )}
      </p>
      {cause && !instead && (
        <p className={styles.reason} data-testid="cause">
          <CauseSentence app={app} cause={cause} />
        </p>
      )}
    </>
  )
}

function CauseSentence({ app, cause }: { app: AppRow; cause: Cause }) {
  const { t } = useWords()
  return (
    <>
      {t.health[app.health]}: <CauseLink app={app} cause={cause} className={styles.cause} />
      <Since className="muted" time={cause.since} />
    </>
  )
}

function Facts({ app }: { app: AppRow }) {
  const { t } = useWords()
  return (
    <ul className={styles.facts}>
      <li>
        <span className="muted">{t.app.project}</span> {app.project}
      </li>
      <li>
        <span className="muted">{t.app.destination}</span> {destinationName(app.destination)}
        {app.destination.namespace && ` / ${app.destination.namespace}`}
      </li>
      <Policy name={t.app.autoSync} on={app.autoSync} />
      <Policy name={t.app.selfHeal} on={app.selfHeal} />
      <Policy name={t.app.prune} on={app.prune} />
      <Reach app={app} />
    </ul>
  )
}

function Policy({ name, on }: { name: string; on: boolean }) {
  const { t } = useWords()
  return (
    <li className={styles.policy} data-on={on}>
      <Icon name={on ? 'check' : 'minus'} size={12} />
      {on ? t.app.policyOn(name) : t.app.policyOff(name)}
    </li>
  )
}
