import { useMemo, useState } from 'react'
import { type AppRow, appKey, type ResourceNode } from '../../api/model'
import { useWords } from '../../i18n'
import { ExternalLinks } from '../../parts/ExternalLinks'
import { namedUrls } from '../../parts/url'
import { useTree } from '../../store/hooks'
import styles from './Application.module.css'
import { ImagesDialog } from './ImagesDialog'

/** More addresses than this are looked for at the resource that they belong to. */
const urlLimit = 6

/** Where the application is reached, and what runs in it. */
export function Reach({ app }: { app: AppRow }) {
  const { t } = useWords()
  const { rows } = useTree(appKey(app))
  const urls = useMemo(() => urlsOf(rows), [rows])
  const [open, setOpen] = useState(false)
  return (
    <>
      {app.images.length > 0 && (
        <li>
          <button type="button" className="link-button" onClick={() => setOpen(true)}>
            {t.app.imageCount(app.images.length)}
          </button>
          {open && <ImagesDialog app={app} onClose={() => setOpen(false)} />}
        </li>
      )}
      {urls.length > 0 && (
        <li className={styles.links}>
          <span className="muted">{t.app.links}</span> <ExternalLinks urls={urls} limit={urlLimit} />
        </li>
      )}
    </>
  )
}

/** The addresses of all resources that may be followed, as they were written. */
function urlsOf(nodes: readonly ResourceNode[]): string[] {
  const all = nodes.filter(node => !node.orphaned).flatMap(node => node.networkingInfo?.externalURLs ?? [])
  const followed = new Set(namedUrls(all).map(({ href }) => href))
  return all.filter(text => namedUrls([text]).some(({ href }) => followed.delete(href)))
}
