import { Link, useSearch } from 'wouter'
import type { AppRow, Cause } from '../../api/model'
import { useWords } from '../../i18n'
import { causeHeadline, causeObject } from '../../i18n/cause'
import { appPath } from '../describe'

/** Where the resource is shown on its application's page, which otherwise stays as it is. */
export function useNodeHref(app: AppRow, id: string): string {
  const params = new URLSearchParams(useSearch())
  params.set('node', id)
  for (const filter of ['find', 'problems']) params.delete(filter)
  return `${appPath(app)}?${params}`
}

/** "Deployment api: 3 pods ImagePullBackOff registry/x:1.2", as a way to the object. */
export function CauseLink({ app, cause, className }: { app: AppRow; cause: Cause; className?: string | undefined }) {
  const { t } = useWords()
  const href = useNodeHref(app, cause.object.id)
  return (
    <Link href={href} className={className} title={t.app.showCause(causeObject(cause))}>
      {causeHeadline(cause, t)}
    </Link>
  )
}
