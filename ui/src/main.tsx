import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import './design/tokens.css'
import './design/base.css'
import './design/controls.css'
import { storedLanguage } from './design/preferences'
import { loadMessages, WordsProvider } from './i18n'
import { en } from './i18n/en'
import { App } from './pages/App'
import { ToastProvider } from './parts/Toasts'
import { StoreProvider } from './store/hooks'
import { LiveStore } from './store/live'

async function start(): Promise<void> {
  const root = document.getElementById('root')
  if (!root) throw new Error('index.html has no #root')
  const store = new LiveStore()
  store.start()
  const wanted = storedLanguage()
  // A language that cannot be loaded must not keep the page from appearing.
  const initial = await loadMessages(wanted).then(
    messages => ({ language: wanted, messages }),
    () => ({ language: 'en' as const, messages: en }),
  )
  createRoot(root).render(
    <StrictMode>
      <WordsProvider initial={initial}>
        <StoreProvider store={store}>
          <ToastProvider>
            <App />
          </ToastProvider>
        </StoreProvider>
      </WordsProvider>
    </StrictMode>,
  )
}

void start()
