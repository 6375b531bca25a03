import { memo } from 'react'
import { Link } from 'wouter'
import type { AppRow } from '../../api/model'
import { useWords } from '../../i18n'
import { causeHeadline, causeOfReason } from '../../i18n/cause'
import { reasonSentence } from '../../i18n/reason'
import { useNow } from '../../parts/clock'
import { Health, Phase, StatusIcon, Sync } from '../../parts/Status'
import { Age, Ago } from '../../parts/Time'
import { shortRepo } from '../../store/query'
import { appPath, destinationName, shortRevision, sourceNames } from '../describe'
import styles from './AppTable.module.css'

interface RowProps {
  app: AppRow
  index: number
  top: number
  height: number
  compact: boolean
}

/** Renders again only when its own application changed. */
export const AppTableRow = memo(function AppTableRow({ app, index, top, height, compact }: RowProps) {
  const Cells = compact ? CardCells : WideCells
  return (
    <div
      role="row"
      className={styles.row}
      aria-rowindex={index + 2}
      data-index={index}
      style={{ height, transform: `translateY(${top}px)` }}
    >
      <Cells app={app} />
    </div>
  )
})

function WideCells({ app }: { app: AppRow }) {
  return (
    <>
      <div role="cell" className={styles.cell}>
        <NameLink app={app} />
        <span className={styles.second}>{app.project}</span>
      </div>
      <div role="cell" className={styles.cell}>
        <Health status={app.health} />
      </div>
      <div role="cell" className={styles.cell}>
        <Sync status={app.sync} />
      </div>
      <div role="cell" className={styles.cell}>
        <Why app={app} />
      </div>
      <div role="cell" className={styles.cell}>
        <Source app={app} />
      </div>
      <div role="cell" className={styles.cell}>
        <span className={styles.first}>{app.destination.namespace || '—'}</span>
        <span className={styles.second}>{destinationName(app.destination)}</span>
      </div>
      <div role="cell" className={styles.cell}>
        <LastOperation app={app} />
      </div>
    </>
  )
}

// All facts in four lines; the cells are grouped by look, the roles keep them apart for assistive technology.
function CardCells({ app }: { app: AppRow }) {
  return (
    <>
      <div role="cell" className={styles.cardName}>
        <NameLink app={app} />
        <span className={styles.second}>{app.project}</span>
      </div>
      <div role="cell" className={styles.cardStates}>
        <Health status={app.health} />
        <Sync status={app.sync} />
      </div>
      <div role="cell" className={styles.cardWhy}>
        <Why app={app} />
      </div>
    </>
  )
}

function NameLink({ app }: { app: AppRow }) {
  const { t } = useWords()
  return (
    <Link href={appPath(app)} className={styles.name} title={`${app.namespace}/${app.name}`}>
      {app.name}
      {app.pin && (
        <>
          {' '}
          <StatusIcon tone="paused" size={12} label={t.pin.pinned} />
        </>
      )}
    </Link>
  )
}

/** Why it is as it is. A cause leads to its object. */
function Why({ app }: { app: AppRow }) {
  const { t, format } = useWords()
  const now = useNow()
  const cause = causeOfReason(app)
  const sentence = cause ? causeHeadline(cause, t) : reasonSentence(app.reason, t, format, now)
  return (
    <span className={styles.whyAndSince}>
      <span className={styles.why} data-quiet={app.reason.code === 'ok'} title={sentence}>
        {cause ? (
          <Link href={`${appPath(app)}?node=${encodeURIComponent(cause.object.id)}`}>{sentence}</Link>
        ) : (
          sentence
        )}
      </span>
      {cause && (
        <span className={styles.since} title={t.app.since(format.ago(cause.since, now))}>
          <Age time={cause.since} />
        </span>
      )}
    </span>
  )
}

function Source({ app }: { app: AppRow }) {
  const revision = shortRevision(app)
  return (
    <>
      <span className={styles.first} title={sourceNames(app)}>
        {sourceNames(app)}
      </span>
      <span className={styles.repository} title={`${app.source.repoURL} @ ${app.source.targetRevision}`}>
        <span className={styles.second}>{shortRepo(app.source.repoURL)}</span>
        {revision && <code>@{revision}</code>}
      </span>
    </>
  )
}

function LastOperation({ app: { operation } }: { app: AppRow }) {
  const { t } = useWords()
  if (!operation) return <span className="muted">{t.phase.none}</span>
  return (
    <>
      <Phase phase={operation.phase} />
      <span className={styles.second}>
        <Ago time={operation.finishedAt || operation.startedAt} />
      </span>
    </>
  )
}
