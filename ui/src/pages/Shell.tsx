import { type ReactNode, useState } from 'react'
import { Link, useLocation } from 'wouter'
import { chooseTheme, storedTheme, type Theme } from '../design/preferences'
import { useWords } from '../i18n'
import { Dialog } from '../parts/Dialog'
import { Icon } from '../parts/Icon'
import { useKeys } from '../parts/keys'
import { Menu } from '../parts/Menu'
import { ConnectionBar, LiveDot } from './Connection'
import styles from './Shell.module.css'

/** What stands around every page: brand, navigation, connection, preferences, and the keys that work everywhere. */
export function Shell({ children }: { children: ReactNode }) {
  const { t } = useWords()
  const [sheet, setSheet] = useState(false)
  const [location, navigate] = useLocation()
  useKeys({ '?': () => setSheet(true), 'g a': () => navigate('/applications') })
  const here = location.startsWith('/applications')
  return (
    <div className={styles.shell}>
      <header className={styles.header}>
        <a className={styles.skip} href="#main">
          {t.skipToContent}
        </a>
        <Link href="/applications" className={styles.brand} aria-label={t.product}>
          <Mark />
          <span>{t.product}</span>
        </Link>
        <nav className={styles.nav} aria-label={t.nav.label}>
          <Link href="/applications" aria-current={here ? 'page' : undefined}>
            {t.nav.applications}
          </Link>
        </nav>
        <LiveDot />
        <LanguageMenu />
        <ThemeMenu />
        <span className={styles.keys}>
          <button
            type="button"
            className="icon-button"
            aria-label={t.preferences.keys}
            title={t.preferences.keys}
            onClick={() => setSheet(true)}
          >
            <Icon name="keyboard" />
          </button>
        </span>
      </header>
      <ConnectionBar />
      <main className={styles.main} id="main" tabIndex={-1}>
        {children}
      </main>
      {sheet && <KeySheet onClose={() => setSheet(false)} />}
    </div>
  )
}

function Mark() {
  return (
    <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M4 14h24l-3.8 7a5 5 0 0 1-4.4 2.6h-7.6A5 5 0 0 1 7.8 21z" fill="currentColor" />
      <path d="M16 4v7.5M4 28h24" stroke="currentColor" strokeWidth="2.6" strokeLinecap="round" />
    </svg>
  )
}

function ThemeMenu() {
  const { t } = useWords()
  const [theme, setTheme] = useState<Theme>(storedTheme)
  const choose = (next: Theme): void => {
    chooseTheme(next)
    setTheme(next)
  }
  const themes: readonly Theme[] = ['system', 'light', 'dark']
  const items = themes.map(name => ({
    label: t.preferences[name as Theme],
    checked: theme === name,
    run: () => choose(name),
  }))
  return (
    <Menu label={t.preferences.theme} items={items}>
      <Icon name="theme" />
    </Menu>
  )
}

function LanguageMenu() {
  const { t, language, choose } = useWords()
  const items = [
    { label: 'English', lang: 'en', checked: language === 'en', run: () => choose('en') },
    { label: '日本語', lang: 'ja', checked: language === 'ja', run: () => choose('ja') },
  ]
  return (
    <Menu label={t.preferences.language} items={items}>
      <Icon name="language" />
    </Menu>
  )
}

function KeySheet({ onClose }: { onClose(): void }) {
  const { t } = useWords()
  const rows: readonly [readonly string[], string][] = [
    [['/'], t.keys.filter],
    [['j', 'k'], t.keys.move],
    [['Enter'], t.keys.open],
    [['s'], t.keys.sync],
    [['r'], t.keys.refresh],
    [['h'], t.keys.history],
    [['d'], t.keys.differences],
    [['n', 'N'], t.keys.nextDifference],
    [['.'], t.keys.actions],
    [['←', '→', '↑', '↓'], t.keys.graph],
    [['Space'], t.keys.collapse],
    [['+', '−', '0'], t.keys.zoom],
    [['Esc'], t.keys.back],
    [['g', 'a'], t.keys.goApplications],
    [['?'], t.keys.sheet],
  ]
  return (
    <Dialog title={t.keys.title} width={420} onClose={onClose}>
      <dl className={styles.sheet}>
        {rows.map(([keys, what]) => (
          <div key={what} style={{ display: 'contents' }}>
            <dt>
              {keys.map(key => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
