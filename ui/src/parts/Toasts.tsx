import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from 'react'
import { useWords } from '../i18n'
import { Icon } from './Icon'
import { StatusIcon } from './Status'
import styles from './Toasts.module.css'

interface Toast {
  id: number
  tone: 'good' | 'bad' | 'running'
  text: string
}

/** Tells the reader; what is running is told until its outcome, which is given the number that this returns. */
type Say = (tone: Toast['tone'], text: string, instead?: number) => number

const SayContext = createContext<Say | undefined>(undefined)
/** Good news leaves by itself; a failure stays until it is read and closed. */
const lifetime = 6000

export function ToastProvider({ children }: { children: ReactNode }) {
  const { t } = useWords()
  const [toasts, setToasts] = useState<readonly Toast[]>([])
  const next = useRef(0)
  const remove = useCallback((id: number) => setToasts(old => old.filter(toast => toast.id !== id)), [])
  const say = useCallback<Say>(
    (tone, text, instead) => {
      next.current += 1
      const id = next.current
      setToasts(old => [...old.filter(toast => toast.id !== instead).slice(-3), { id, tone, text }])
      if (tone === 'good') setTimeout(() => remove(id), lifetime)
      return id
    },
    [remove],
  )
  return (
    <SayContext value={say}>
      {children}
      <div className={styles.region} role="status" aria-live="polite">
        {toasts.map(toast => (
          <div key={toast.id} className={styles.toast}>
            <StatusIcon tone={toast.tone} />
            <span className={styles.text}>{toast.text}</span>
            <button type="button" className="icon-button" aria-label={t.common.close} onClick={() => remove(toast.id)}>
              <Icon name="close" size={14} />
            </button>
          </div>
        ))}
      </div>
    </SayContext>
  )
}

export function useToasts(): Say {
  const say = useContext(SayContext)
  if (!say) throw new Error('useToasts needs a ToastProvider above it')
  return say
}
