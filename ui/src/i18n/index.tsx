import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
import { chooseLanguage, type Language } from '../design/preferences'
import { en, type Messages } from './en'
import { type Formats, formats } from './format'

export interface Words {
  language: Language
  t: Messages
  format: Formats
  choose(language: Language): void
}

const WordsContext = createContext<Words | undefined>(undefined)

/** English is in the first load, as the fallback; other languages are chunks of their own. */
export async function loadMessages(language: Language): Promise<Messages> {
  if (language === 'en') return en
  return (await import('./ja')).ja
}

interface Initial {
  language: Language
  messages: Messages
}

export function WordsProvider({ initial, children }: { initial: Initial; children: ReactNode }) {
  const [current, setCurrent] = useState(initial)
  const words = useMemo<Words>(
    () => ({
      language: current.language,
      t: current.messages,
      format: formats(current.language),
      choose: language => {
        chooseLanguage(language)
        void loadMessages(language).then(messages => setCurrent({ language, messages }))
      },
    }),
    [current],
  )
  useEffect(() => {
    document.documentElement.lang = current.language
  }, [current.language])
  return <WordsContext value={words}>{children}</WordsContext>
}

export function useWords(): Words {
  const words = useContext(WordsContext)
  if (!words) throw new Error('useWords needs a WordsProvider above it')
  return words
}
