import { useWords } from '../../i18n'
import { CopyButton } from '../../parts/CopyButton'
import styles from './Applications.module.css'

const manifest = `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: guestbook
  namespace: argocd
spec:
  project: default
  source:
    repoURL: https://github.com/argoproj/argocd-example-apps
    path: guestbook
    targetRevision: HEAD
  destination:
    server: https://kubernetes.default.svc
    namespace: guestbook
  syncPolicy:
    syncOptions:
      - CreateNamespace=true
`
const apply = 'kubectl apply -f guestbook.yaml'
const command = [
  'evenkeel app create guestbook',
  '--repo https://github.com/argoproj/argocd-example-apps --path guestbook',
  '--dest-server https://kubernetes.default.svc --dest-namespace guestbook',
  '--sync-option CreateNamespace=true',
].join(' \\\n  ')

/** What a newcomer sees: what an application is, and how to make one. */
export function EmptyApplications() {
  const { t } = useWords()
  return (
    <div className={styles.empty}>
      <h1>{t.empty.title}</h1>
      <p>{t.empty.intro}</p>
      <Sample title={t.empty.manifest} text={manifest} />
      <div className={styles.sampleNote}>
        <span className="muted">{t.empty.manifestHint}</span>
        <code>{apply}</code>
        <CopyButton text={apply} label={apply} />
      </div>
      <Sample title={t.empty.command} text={command} />
      <p className="muted">{t.empty.after}</p>
    </div>
  )
}

function Sample({ title, text }: { title: string; text: string }) {
  return (
    <section className={`panel ${styles.sample}`}>
      <header>
        <h2>{title}</h2>
        <CopyButton text={text} label={title} />
      </header>
      <pre tabIndex={0}>{text}</pre>
    </section>
  )
}
