import { Link, Redirect, useSearch } from 'wouter'
import { useWords } from '../../i18n'
import { Notice } from '../../parts/Problem'
import { Skeleton } from '../../parts/Skeleton'
import { useTitle } from '../../parts/title'
import { useApps } from '../../store/hooks'
import { appPath } from '../describe'
import { ApplicationNotFound } from './ApplicationPage'

/** Argo CD's short route names no namespace. One application of that name is shown at once; of several, the reader
 * chooses. */
export function FindApplication({ name }: { name: string }) {
  const { t } = useWords()
  useTitle(name)
  const search = useSearch()
  const { rows, loaded } = useApps()
  if (!loaded) return <Skeleton lines={8} />
  const found = rows.filter(app => app.name === name)
  const [only] = found
  if (!only) return <ApplicationNotFound name={name} />
  if (found.length === 1) return <Redirect to={`${appPath(only)}${search ? `?${search}` : ''}`} replace />
  return (
    <Notice title={t.list.count(found.length, found.length)}>
      {found.map(app => (
        <Link key={app.namespace} href={appPath(app)} className="button">
          {app.namespace}/{app.name}
        </Link>
      ))}
    </Notice>
  )
}
