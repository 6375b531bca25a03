import { type FormEvent, useEffect, useId, useRef, useState } from 'react'
import type { ActionParam, ResourceAction, ResourceNode } from '../../../api/model'
import { useWords } from '../../../i18n'
import { Dialog } from '../../../parts/Dialog'
import { StatusIcon } from '../../../parts/Status'
import styles from './ActionDialog.module.css'
import { actionName, defaults, fieldType, objectName } from './action'

interface ActionDialogProps {
  node: ResourceNode
  action: ResourceAction
  onRun(params: Readonly<Record<string, string>>): void
  onClose(): void
}

/** What is about to be done to which object, what to know before, and the parameters with their defaults. */
export function ActionDialog({ node, action, onRun, onClose }: ActionDialogProps) {
  const { t } = useWords()
  const params = action.params ?? []
  const [values, setValues] = useState(() => defaults(params))
  const id = useId()
  const form = useRef<HTMLFormElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    const field = form.current?.querySelector<HTMLElement>('input, select')
    ;(field ?? button.current)?.focus()
  }, [])
  const name = actionName(action, node, t)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    onRun(values)
  }
  const footer = (
    <>
      <button type="button" className="button" onClick={onClose}>
        {t.common.cancel}
      </button>
      <button ref={button} type="submit" form={id} className="button primary">
        {name}
      </button>
    </>
  )
  return (
    <Dialog title={t.actions.title(name, objectName(node))} width={460} footer={footer} onClose={onClose}>
      <form ref={form} id={id} className={styles.form} onSubmit={submit}>
        <p className="muted">
          <code>{action.name}</code>
          {node.namespace && ` · ${node.namespace}`}
        </p>
        {action.note && (
          <div className={styles.note} role="note" aria-label={t.actions.note}>
            <StatusIcon tone="drift" />
            <p>{action.note}</p>
          </div>
        )}
        {params.map(param => (
          <Field
            key={param.name}
            param={param}
            value={values[param.name] ?? ''}
            onChange={value => setValues(old => ({ ...old, [param.name]: value }))}
          />
        ))}
      </form>
    </Dialog>
  )
}

interface FieldProps {
  param: ActionParam
  value: string
  onChange(value: string): void
}

function Field({ param, value, onChange }: FieldProps) {
  const id = useId()
  const type = fieldType(param)
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{param.name}</label>
      {type === 'boolean' ? (
        <select id={id} className="input" value={value} onChange={event => onChange(event.target.value)}>
          <option value="true">true</option>
          <option value="false">false</option>
        </select>
      ) : (
        <input
          id={id}
          className="input"
          type={type}
          value={value}
          required={type === 'number'}
          autoComplete="off"
          spellCheck={false}
          onChange={event => onChange(event.target.value)}
        />
      )}
    </div>
  )
}
