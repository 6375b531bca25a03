import { Fragment } from 'react'
import type { AppRow, Source } from '../../api/model'
import { useWords } from '../../i18n'
import type { Messages } from '../../i18n/en'
import { Icon } from '../../parts/Icon'
import { StatusIcon } from '../../parts/Status'
import { Ago } from '../../parts/Time'
import type { Tone } from '../../parts/tone'
import { shortRepo } from '../../store/query'
import { shortSha, sourceLabel, sourceNames } from '../describe'
import styles from './Application.module.css'
import { pipeline, type StepState } from './pipeline'

const tones: Readonly<Record<StepState, Tone>> = {
  done: 'good',
  running: 'running',
  differs: 'drift',
  problem: 'bad',
  waiting: 'unknown',
}

/** The way from the commit to a healthy application, with where it stands. */
export function PipelineStrip({ app }: { app: AppRow }) {
  const { t } = useWords()
  const states = pipeline(app)
  const { counts, operation } = app
  const running = operation && (operation.phase === 'Running' || operation.phase === 'Terminating')
  return (
    <ol className={styles.pipeline} aria-label={t.app.pipeline}>
      <Step state={states.commit} title={t.steps.commit}>
        <Revisions app={app} />
        <span>{repositories(app)}</span>
      </Step>
      <Step state={states.rendered} title={t.steps.rendered}>
        <span>{sourceNames(app)}</span>
        <span>
          {types(app)}
          {states.rendered === 'done' && ` · ${t.steps.resources(counts.total)}`}
        </span>
      </Step>
      <Step state={states.applied} title={t.steps.applied}>
        <span>
          {running && operation.total > 0
            ? t.app.operationProgress(operation.done, operation.total)
            : t.steps.inSync(counts.synced, counts.total)}
        </span>
        <span>
          <OperationNote app={app} t={t} />
        </span>
      </Step>
      <Step state={states.healthy} title={t.steps.healthy}>
        <span>{t.steps.healthyOf(counts.healthy, counts.total)}</span>
        <span>{app.health === 'Healthy' ? <Observed app={app} /> : t.health[app.health]}</span>
      </Step>
    </ol>
  )
}

function Revisions({ app: { source, sources, revision } }: { app: AppRow }) {
  if (!sources) return <Revision source={{ ...source, revision }} />
  return (
    <span>
      {sources.map((one, position) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a source is known by its position
        <Fragment key={position}>
          {position > 0 && ' · '}
          <span title={`${sourceLabel(one)}: ${one.repoURL}`}>
            {sourceLabel(one)} <Revision source={one} />
          </span>
        </Fragment>
      ))}
    </span>
  )
}

function Revision({ source: { repoURL, targetRevision, revision } }: { source: Source }) {
  const short = shortSha(revision ?? '')
  return (
    <span title={repoURL}>
      {targetRevision || 'HEAD'}
      {short && short !== targetRevision && <code> @{short}</code>}
    </span>
  )
}

function repositories({ source, sources = [source] }: AppRow): string {
  return [...new Set(sources.map(({ repoURL }) => shortRepo(repoURL)))].join(', ')
}

function types({ source, sources = [source] }: AppRow): string {
  return [...new Set(sources.map(({ type }) => type).filter(type => type !== ''))].join(', ')
}

function OperationNote({ app: { operation }, t }: { app: AppRow; t: Messages }) {
  if (!operation) return t.phase.none
  return (
    <>
      {t.phase[operation.phase]} <Ago time={operation.finishedAt || operation.startedAt} />
    </>
  )
}

function Observed({ app }: { app: AppRow }) {
  const { t, format } = useWords()
  if (!app.observedAt) return t.health.Healthy
  return <span title={t.app.observed(format.exact(app.observedAt))}>{t.health.Healthy}</span>
}

interface StepProps {
  state: StepState
  title: string
  children: [React.ReactNode, React.ReactNode]
}

function Step({ state, title, children }: StepProps) {
  const { t } = useWords()
  return (
    <li className={styles.step} data-state={state}>
      <div className={styles.stepTitle}>
        <StatusIcon tone={tones[state]} />
        <h2>{title}</h2>
        <span className="visually-hidden">{t.steps[state]}</span>
      </div>
      <div className={styles.stepFirst}>{children[0]}</div>
      <div className={styles.stepSecond}>{children[1]}</div>
      <Icon name="right" size={14} className={styles.stepArrow} />
    </li>
  )
}
