/** The address, if it is one that a browser may be sent to; empty otherwise. What annotations and Ingresses name was
 * written by strangers: javascript: and data: would run in our page, and a name before @ hides whose host it is. */
export function safeUrl(text: string): string {
  const parsed = parse(text)
  if (!parsed || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:')) return ''
  if (parsed.username || parsed.password || !parsed.hostname) return ''
  return parsed.href
}

function parse(text: string): URL | undefined {
  try {
    return new URL(text.trim())
  } catch {
    return undefined
  }
}

/** Host and path, which tell one address from another. */
export function shortUrl(href: string): string {
  return href.replace(/^https?:\/\//, '').replace(/\/$/, '')
}

export interface NamedUrl {
  title: string
  href: string
}

/** What may be followed of addresses, each once, in their order. Argo CD writes "TITLE|URL" where there is a title. */
export function namedUrls(texts: readonly string[]): NamedUrl[] {
  const found = new Map<string, NamedUrl>()
  for (const text of texts) {
    const bar = text.indexOf('|')
    const href = safeUrl(text.slice(bar + 1))
    if (href && !found.has(href)) found.set(href, { title: text.slice(0, Math.max(bar, 0)).trim(), href })
  }
  return [...found.values()]
}
