import { useEffect } from 'react'
import { useWords } from '../i18n'

/** The tab's title, while the component is shown. */
export function useTitle(title: string): void {
  const { t } = useWords()
  useEffect(() => {
    document.title = title ? `${title} · ${t.product}` : t.product
  }, [title, t])
}
