import { useEffect, useId, useState } from 'react'
import { RequestError, syncApplication } from '../../api/commands'
import { type AppRow, appKey, planInfo, type ResourceNode, type Source, type SyncRequest } from '../../api/model'
import { useWords } from '../../i18n'
import type { Messages } from '../../i18n/en'
import { Dialog } from '../../parts/Dialog'
import { StatusIcon } from '../../parts/Status'
import { useToasts } from '../../parts/Toasts'
import { useTree } from '../../store/hooks'
import { sourceLabel } from '../describe'
import { describeFailure } from '../failure'
import { PlanView } from './PlanView'
import { candidates, type Pick, pickedRefs, tally } from './plan'
import { usePlan } from './planRequest'
import { ResourcePicker } from './ResourcePicker'
import { replaced, wantedRevisions } from './revisions'
import styles from './SyncDialog.module.css'

interface SyncDialogProps {
  app: AppRow
  onClose(): void
}

/** A sync is shown before it is started, and does what was shown or nothing. Nothing dangerous is remembered from one time
 * to the next. */
export function SyncDialog({ app, onClose }: SyncDialogProps) {
  const { t } = useWords()
  const say = useToasts()
  const { rows } = useTree(appKey(app))
  const [revisions, setRevisions] = useState<readonly string[]>([])
  const [prune, setPrune] = useState(false)
  const [dryRun, setDryRun] = useState(false)
  const [pick, setPick] = useState<Pick>({ mode: 'all' })
  const [sending, setSending] = useState(false)
  const [refused, setRefused] = useState(false)
  const refs = pickedRefs(pick, rows)
  const request: SyncRequest = { ...wantedRevisions(app, revisions), prune, dryRun, ...(refs && { resources: refs }) }
  const state = usePlan(app, { ...request, dryRun: false })
  const { plan, newer, take } = state
  const deletions = (plan && tally(plan).get('prune')) ?? 0
  const running = app.operation?.phase === 'Running' || app.operation?.phase === 'Terminating'
  useEffect(() => {
    if (!refused || !newer) return
    take()
    setRefused(false)
  }, [refused, newer, take])
  const start = async (): Promise<void> => {
    setSending(true)
    try {
      await syncApplication(app, plan ? { ...request, infos: [{ name: planInfo, value: plan.hash }] } : request)
      say('good', dryRun ? t.syncDialog.startedDryRun(app.name) : t.syncDialog.started(app.name))
      onClose()
    } catch (error) {
      const moved = error instanceof RequestError && error.status === 409 && plan && error.message.includes(plan.hash)
      if (moved) {
        setRefused(true)
        state.again()
      }
      say('bad', moved ? t.plan.refused : t.failure.command(t.failure.sync, describeFailure(error, t)))
      setSending(false)
    }
  }
  const footer = (
    <>
      {running && <span className={styles.footNote}>{t.syncDialog.running}</span>}
      {deletions > 0 && !dryRun && !running && <DeletionNote count={deletions} />}
      <button type="button" className="button" onClick={onClose}>
        {t.common.cancel}
      </button>
      <button
        type="button"
        className={deletions > 0 && !dryRun ? 'button danger' : 'button primary'}
        disabled={sending || running || refs?.length === 0 || (plan?.refused ?? []).length > 0}
        onClick={() => void start()}
      >
        {startLabel({ planned: plan !== undefined, dryRun, deletions }, t)}
      </button>
    </>
  )
  return (
    <Dialog title={t.syncDialog.title(app.name)} width={680} footer={footer} onClose={onClose}>
      <div className={styles.form}>
        {(app.sources ?? [app.source]).map((source, position) => (
          <Revision
            // biome-ignore lint/suspicious/noArrayIndexKey: a source is known by its position
            key={position}
            source={source}
            label={app.sources && sourceLabel(source)}
            value={revisions[position] ?? ''}
            onChange={value => setRevisions(replaced(revisions, position, value))}
          />
        ))}
        <fieldset className={styles.group}>
          <legend>{t.syncDialog.options}</legend>
          <Check label={t.syncDialog.prune} hint={t.syncDialog.pruneHint} on={prune} onChange={setPrune} />
          <Check label={t.syncDialog.dryRun} hint={t.syncDialog.dryRunHint} on={dryRun} onChange={setDryRun} />
        </fieldset>
        <PickChoice pick={pick} setPick={setPick} nodes={rows} />
        <PlanView state={state} note={unplanned(state.unserved, refs?.length === 0, t)} />
      </div>
    </Dialog>
  )
}

function unplanned(unserved: boolean, noneChosen: boolean, t: Messages): string {
  if (noneChosen) return t.plan.noneChosen
  return unserved ? t.plan.otherRevision : ''
}

interface Start {
  planned: boolean
  dryRun: boolean
  deletions: number
}

function startLabel({ planned, dryRun, deletions }: Start, t: Messages): string {
  if (dryRun) return t.syncDialog.startDryRun
  if (!planned) return t.syncDialog.start
  return deletions > 0 ? t.syncDialog.startExactlyPrune(deletions) : t.syncDialog.startExactly
}

function DeletionNote({ count }: { count: number }) {
  const { t } = useWords()
  return (
    <span className={styles.footNote}>
      <StatusIcon tone="bad" /> {t.syncDialog.deleteWarning(count)}
    </span>
  )
}

interface RevisionProps {
  source: Source
  /** The name of one of several sources. */
  label: string | undefined
  value: string
  onChange(value: string): void
}

function Revision({ source, label, value, onChange }: RevisionProps) {
  const { t } = useWords()
  const id = useId()
  return (
    <div className={styles.group}>
      <label htmlFor={id} className={styles.legend}>
        {label ? `${t.syncDialog.revision}: ${label}` : t.syncDialog.revision}
      </label>
      <input
        id={id}
        className="input"
        value={value}
        placeholder={source.targetRevision || 'HEAD'}
        aria-describedby={`${id}-hint`}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        onChange={event => onChange(event.target.value)}
      />
      <p id={`${id}-hint`} className={styles.hint}>
        {t.syncDialog.revisionHint}
      </p>
    </div>
  )
}

interface CheckProps {
  label: string
  hint: string
  on: boolean
  onChange(on: boolean): void
}

function Check({ label, hint, on, onChange }: CheckProps) {
  return (
    <label className={styles.check}>
      <input type="checkbox" checked={on} onChange={event => onChange(event.target.checked)} />
      <span>{label}</span>
      <span className={styles.hint}>{hint}</span>
    </label>
  )
}

interface PickChoiceProps {
  pick: Pick
  setPick(pick: Pick): void
  nodes: readonly ResourceNode[]
}

function PickChoice({ pick, setPick, nodes }: PickChoiceProps) {
  const { t } = useWords()
  const all = candidates(nodes)
  const different = pickedRefs({ mode: 'outOfSync' }, nodes)?.length ?? 0
  const choices: readonly [string, number, Pick][] = [
    [t.syncDialog.all, all.length, { mode: 'all' }],
    [t.syncDialog.outOfSync, different, { mode: 'outOfSync' }],
    [t.syncDialog.choose, -1, { mode: 'choose', ids: new Set() }],
  ]
  return (
    <fieldset className={styles.group}>
      <legend>{t.syncDialog.resources}</legend>
      <div className={styles.choices}>
        {choices.map(([label, count, value]) => (
          <label key={value.mode} className={styles.choice}>
            <input type="radio" name="pick" checked={pick.mode === value.mode} onChange={() => setPick(value)} />
            {label}
            {count >= 0 && <span className={styles.count}>{count}</span>}
          </label>
        ))}
      </div>
      {pick.mode === 'choose' && (
        <ResourcePicker nodes={all} picked={pick.ids} onChange={ids => setPick({ mode: 'choose', ids })} />
      )}
      {pick.mode !== 'all' && <p className={styles.hint}>{t.syncDialog.partial}</p>}
    </fieldset>
  )
}
