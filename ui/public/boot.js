// Runs before the first paint. The keys are those of src/design/preferences.ts.
;(() => {
  try {
    const html = document.documentElement
    const theme = localStorage.getItem('evenkeel.theme')
    if (theme === 'light' || theme === 'dark') html.dataset.theme = theme
    const wanted = localStorage.getItem('evenkeel.language') ?? navigator.language
    html.lang = wanted.startsWith('ja') ? 'ja' : 'en'
  } catch {
    // Storage may be denied; the system's theme and English are the defaults.
  }
})()
