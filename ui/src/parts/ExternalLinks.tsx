import { useWords } from '../i18n'
import styles from './ExternalLinks.module.css'
import { Icon } from './Icon'
import { namedUrls, shortUrl } from './url'

/** Links out of the app, of addresses that strangers wrote: only such as lead to a web server, in a tab of their own that
 * knows nothing of this one. */
export function ExternalLinks({ urls, limit = 50 }: { urls: readonly string[]; limit?: number }) {
  const { t } = useWords()
  const links = namedUrls(urls)
  return (
    <ul className={styles.links}>
      {links.slice(0, limit).map(({ title, href }) => (
        <li key={href}>
          <a href={href} target="_blank" rel="noopener noreferrer" title={`${href}\n${t.app.opensOutside}`}>
            {title || shortUrl(href)}
            <Icon name="outside" size={12} label={t.app.opensOutside} />
          </a>
          {title && <span className="muted"> {shortUrl(href)}</span>}
        </li>
      ))}
    </ul>
  )
}
