import { Link, Redirect, Route, Switch } from 'wouter'
import { useWords } from '../i18n'
import { Boundary } from '../parts/Boundary'
import { Notice } from '../parts/Problem'
import { useTitle } from '../parts/title'
import { ApplicationPage } from './application/ApplicationPage'
import { FindApplication } from './application/FindApplication'
import { ApplicationsPage } from './applications/ApplicationsPage'
import { Shell } from './Shell'

/** The routes are Argo CD's: bookmarks, badges and notification links made for it must keep working. */
export function App() {
  const { t } = useWords()
  return (
    <Shell>
      <Boundary title={t.failure.title} retry={t.common.retry}>
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
