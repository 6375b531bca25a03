import { useMemo, useState } from 'react'
import { Link } from 'wouter'
import { type AppRow, appKey, type ResourceNode } from '../../api/model'
import { useWords } from '../../i18n'
import { CopyButton } from '../../parts/CopyButton'
import { Dialog } from '../../parts/Dialog'
import { Notice } from '../../parts/Problem'
import { useTree } from '../../store/hooks'
import { useNodeHref } from './Cause'
import styles from './ImagesDialog.module.css'

/** More than one reads; the filter finds the rest. */
const limit = 200

/** The images that run, to be searched, with what runs them. */
export function ImagesDialog({ app, onClose }: { app: AppRow; onClose(): void }) {
  const { t } = useWords()
  const { rows } = useTree(appKey(app))
  const [text, setText] = useState('')
  const users = useMemo(() => usersOf(rows), [rows])
  const wanted = text.trim().toLowerCase()
  const found = app.images.filter(image => image.toLowerCase().includes(wanted))
  return (
    <Dialog title={t.app.imagesTitle(app.name)} width={680} onClose={onClose}>
      <input
        className={`input ${styles.filter}`}
        value={text}
        placeholder={t.app.imagesFilter}
        aria-label={t.app.imagesFilter}
        autoComplete="off"
        spellCheck={false}
        onChange={event => setText(event.target.value)}
      />
      {found.length === 0 && <Notice title={t.app.imagesNone} />}
      <ul className={styles.images}>
        {found.slice(0, limit).map(image => (
          <li key={image} className={styles.image}>
            <div className={styles.what}>
              <code>{image}</code>
              <span className={styles.users}>
                {(users.get(image) ?? []).slice(0, 5).map(node => (
                  <User key={node.id} app={app} node={node} onClick={onClose} />
                ))}
              </span>
            </div>
            <CopyButton text={image} label={image} />
          </li>
        ))}
      </ul>
      {found.length > limit && <p className="muted">{t.list.more(found.length - limit)}</p>}
    </Dialog>
  )
}

function User({ app, node, onClick }: { app: AppRow; node: ResourceNode; onClick(): void }) {
  const href = useNodeHref(app, node.id)
  return (
    <Link href={href} onClick={onClick}>
      {node.kind} {node.name}
    </Link>
  )
}

/** Who runs an image: what Git describes, rather than the Pods that this makes. */
function usersOf(nodes: readonly ResourceNode[]): Map<string, ResourceNode[]> {
  const users = new Map<string, ResourceNode[]>()
  for (const node of nodes.filter(({ managed }) => managed)) {
    for (const image of node.images) users.set(image, [...(users.get(image) ?? []), node])
  }
  return users
}
