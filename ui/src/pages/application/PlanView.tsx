import type { Plan, PlanAction, PlanItem } from '../../api/model'
import { useWords } from '../../i18n'
import { Icon } from '../../parts/Icon'
import { Problem } from '../../parts/Problem'
import { Skeleton } from '../../parts/Skeleton'
import { StatusIcon } from '../../parts/Status'
import { shortSha } from '../describe'
import { DriftList } from './diff/DriftList'
import styles from './PlanView.module.css'
import { itemKey, movedSince, onFailure, planReason, type ShownStep, shownSteps, tally } from './plan'
import type { PlanState } from './planRequest'

const signs: Readonly<Record<PlanAction, string>> = {
  create: '+',
  update: '~',
  replace: '±',
  prune: '−',
  run: '▸',
  skip: '·',
  keep: '·',
}
/** Beyond this many the reader wants the count, not the rows. */
const rowLimit = 200

/** What would be done, in its order. */
export function PlanView({ state, note }: { state: PlanState; note: string }) {
  const { t } = useWords()
  const { plan, newer, before, problem, take, again } = state
  return (
    <section className={styles.section} aria-label={t.plan.title}>
      <h3 className={styles.title}>{t.plan.title}</h3>
      {note && <p className={styles.note}>{note}</p>}
      {newer && (
        <div className={styles.moved} role="alert">
          <p>{t.plan.moved}</p>
          <button type="button" className="button small" onClick={take}>
            {t.plan.showNewer}
          </button>
        </div>
      )}
      {!note && problem && (
        <div className={styles.frame}>
          <Problem title={t.plan.failed} detail={problem} action={t.common.retry} onAction={again} />
        </div>
      )}
      {!note && !plan && !problem && <Skeleton lines={4} />}
      {!note && plan && <Refused reasons={plan.refused ?? []} />}
      {!note && plan && <Timeline plan={plan} before={before} />}
    </section>
  )
}

/** A plan that no sync carries out, and why. */
function Refused({ reasons }: { reasons: readonly string[] }) {
  const { t } = useWords()
  if (reasons.length === 0) return null
  return (
    <div className={styles.refused} role="alert">
      <StatusIcon tone="bad" />
      <div>
        <p className={styles.refusedTitle}>{t.plan.refusedTitle}</p>
        <ul>
          {reasons.map(reason => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      </div>
    </div>
  )
}

function Timeline({ plan, before }: { plan: Plan; before: Plan | undefined }) {
  const { t } = useWords()
  const difference = before && movedSince(before, plan)
  const steps = shownSteps(plan)
  const counts = [...tally(plan)].map(([action, count]) => t.plan.counted(t.plan.action[action], count))
  return (
    <>
      <p className={styles.summary}>
        <span>{counts.length > 0 ? counts.join(' · ') : t.plan.nothing}</span>
        <span className={styles.hash}>
          {plan.revision && <code>@{shortSha(plan.revision)}</code>}
          <span className="muted">{t.plan.hash}</span> <code data-testid="plan-hash">{plan.hash}</code>
        </span>
      </p>
      {difference && (
        <p className={styles.note} role="status">
          {difference.moved.size + difference.gone > 0
            ? t.plan.isNew(difference.moved.size, difference.gone)
            : t.plan.isNewHidden}
        </p>
      )}
      <ol className={styles.timeline}>
        {steps.map(step => (
          <Step key={step.id} step={step} moved={difference?.moved} />
        ))}
        {plan.skipped.length > 0 && (
          <li className={styles.step} data-phase="skipped">
            <h4>{t.plan.skipped}</h4>
            <Items phase="" items={plan.skipped} moved={undefined} />
          </li>
        )}
      </ol>
    </>
  )
}

function Step({ step, moved }: { step: ShownStep; moved: ReadonlySet<string> | undefined }) {
  const { t } = useWords()
  return (
    <li className={styles.step} data-phase={step.phase}>
      <h4>
        {step.phase} <span className="muted">{t.plan.wave(step.wave)}</span>
        {step.phase === onFailure && <span className={styles.only}>{t.plan.onlyOnFailure}</span>}
      </h4>
      <Items phase={step.phase} items={step.items} moved={moved} />
      {step.unchanged > 0 && <p className={styles.rest}>{t.plan.unchanged(step.unchanged)}</p>}
    </li>
  )
}

interface ItemsProps {
  phase: string
  items: readonly PlanItem[]
  moved: ReadonlySet<string> | undefined
}

function Items({ phase, items, moved }: ItemsProps) {
  const { t } = useWords()
  const hidden = items.length - rowLimit
  return (
    <>
      <ul className={styles.items}>
        {items.slice(0, rowLimit).map(item => (
          <Item key={item.id} item={item} moved={moved?.has(itemKey(phase, item)) ?? false} />
        ))}
      </ul>
      {hidden > 0 && <p className={styles.rest}>{t.list.more(hidden)}</p>}
    </>
  )
}

function Item({ item, moved }: { item: PlanItem; moved: boolean }) {
  const changes = item.changes ?? []
  if (changes.length === 0 || (item.action !== 'update' && item.action !== 'replace')) {
    return (
      <li className={styles.item} data-action={item.action}>
        <div className={styles.head}>
          <ItemHead item={item} moved={moved} />
        </div>
      </li>
    )
  }
  return (
    <li className={styles.item} data-action={item.action}>
      <details>
        <summary className={styles.head}>
          <ItemHead item={item} moved={moved} fields={changes.length} />
        </summary>
        <DriftList changes={changes} />
      </details>
    </li>
  )
}

function ItemHead({ item, moved, fields = 0 }: { item: PlanItem; moved: boolean; fields?: number }) {
  const { t } = useWords()
  return (
    <>
      <b className={styles.sign} aria-hidden="true">
        {signs[item.action] ?? '·'}
      </b>
      <span className={styles.name}>
        <span className="muted">{item.kind}</span> {item.name}
        {item.namespace && <span className="muted"> {item.namespace}</span>}
        {moved && <span className={styles.new}>{t.plan.new}</span>}
        <span className={styles.why}>{planReason(item.reason, t)}</span>
      </span>
      <span className={styles.action}>
        {t.plan.action[item.action] ?? item.action}
        {fields > 0 && (
          <>
            {' · '}
            {t.plan.fields(fields)}
            <Icon name="down" size={12} className={styles.chevron} />
          </>
        )}
      </span>
    </>
  )
}
