/** What the user chose once and the browser remembers. The keys are also read by public/boot.js before the first paint. */

export type Theme = 'system' | 'light' | 'dark'
export type Language = 'en' | 'ja'

const themeKey = 'evenkeel.theme'
const languageKey = 'evenkeel.language'

export function storedTheme(): Theme {
  const stored = read(themeKey)
  return stored === 'light' || stored === 'dark' ? stored : 'system'
}

export function chooseTheme(theme: Theme): void {
  write(themeKey, theme)
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
}

export function storedLanguage(): Language {
  const wanted = read(languageKey) ?? navigator.language
  return wanted.startsWith('ja') ? 'ja' : 'en'
}

export function chooseLanguage(language: Language): void {
  write(languageKey, language)
}

// Storage may be denied or full; a choice then lasts until the tab is closed.
function read(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    return
  }
}
