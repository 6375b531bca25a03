import { lazy, Suspense, useEffect } from 'react'
import { Link, Redirect, Route, Switch } from 'wouter'
import { useWords } from '../i18n'
import { Boundary } from '../parts/Boundary'
import { Notice } from '../parts/Problem'
import { Skeleton } from '../parts/Skeleton'
import { useTitle } from '../parts/title'
import { ApplicationsPage } from './applications/ApplicationsPage'
import { Shell } from './Shell'

const loadPage = () => import('./application/ApplicationPage')
const loadFinder = () => import('./application/FindApplication')
const ApplicationPage = lazy(async () => ({ default: (await loadPage()).ApplicationPage }))
const FindApplication = lazy(async () => ({ default: (await loadFinder()).FindApplication }))

/** The routes are Argo CD's: bookmarks, badges and notification links made for it must keep working. */
export function App() {
  const { t } = useWords()
  useEffect(() => {
    // Not needed for the list, but for the click that follows it.
    const timer = setTimeout(() => void loadPage(), 1000)
    return () => clearTimeout(timer)
  }, [])
  return (
    <Shell>
      <Boundary title={t.failure.title} retry={t.common.retry}>
        <Suspense fallback={<Skeleton lines={8} />}>
          <Switch>
            <Route path="/">
              <Redirect to="/applications" replace />
            </Route>
            <Route path="/applications">
              <ApplicationsPage />
            </Route>
            <Route path="/applications/:namespace/:name">
              {({ namespace, name }) => (
                <ApplicationPage key={`${namespace}/${name}`} namespace={namespace} name={name} />
              )}
            </Route>
            <Route path="/applications/:name">{({ name }) => <FindApplication name={name} />}</Route>
            <Route>
              <NotFound />
            </Route>
          </Switch>
        </Suspense>
      </Boundary>
    </Shell>
  )
}

function NotFound() {
  const { t } = useWords()
  useTitle(t.notFound.title)
  return (
    <Notice title={t.notFound.title} hint={t.notFound.hint}>
      <Link href="/applications" className="button">
        {t.app.back}
      </Link>
    </Notice>
  )
}
