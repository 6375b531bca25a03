import type { AppRow } from '../api/model'

/** The search language: terms parted by blanks, all of which must hold. `key:value` compares with a fact, `a,b` lists
 * alternatives, `*` stands for anything, quotes keep blanks, a leading `-` negates. A term without a known key is text:
 * found anywhere in name, project, path, chart or repository. Case never matters. */

export const queryKeys = ['health', 'sync', 'op', 'project', 'ns', 'cluster', 'repo', 'label', 'auto'] as const
export type QueryKey = (typeof queryKeys)[number]

export interface Term {
  negated: boolean
  /** Empty: text. */
  key: QueryKey | ''
  values: readonly string[]
}

export interface Query {
  terms: readonly Term[]
  /** Words before a colon that look like keys but are none; their terms were read as text. */
  unknownKeys: readonly string[]
}

const longNames: Readonly<Record<string, QueryKey>> = {
  namespace: 'ns',
  labels: 'label',
  proj: 'project',
  operation: 'op',
}
const termPattern = /(?:[^\s"]|"[^"]*"?)+/g
const keyPattern = /^([a-z]+):(.*)$/is

export function parseQuery(input: string): Query {
  const unknownKeys: string[] = []
  const terms: Term[] = []
  for (const [raw] of input.matchAll(termPattern)) {
    const term = parseTerm(raw, unknownKeys)
    if (term.values.length > 0) terms.push(term)
  }
  return { terms, unknownKeys }
}

function parseTerm(raw: string, unknownKeys: string[]): Term {
  const negated = raw.length > 1 && raw.startsWith('-')
  const body = negated ? raw.slice(1) : raw
  const match = keyPattern.exec(body)
  const name = match?.[1]?.toLowerCase() ?? ''
  const key = asKey(name)
  if (match && key) return { negated, key, values: splitValues(match[2] ?? '') }
  // A URL or image reference holds a colon too; only a word that reads like a key is worth a remark.
  if (match && !match[2]?.startsWith('//')) unknownKeys.push(name)
  const text = unquote(body).toLowerCase()
  return { negated, key: '', values: text ? [text] : [] }
}

function asKey(name: string): QueryKey | undefined {
  return queryKeys.find(key => key === name) ?? longNames[name]
}

function splitValues(list: string): string[] {
  const values = list.match(/(?:[^,"]|"[^"]*"?)+/g) ?? []
  return values.map(value => unquote(value).toLowerCase()).filter(value => value !== '')
}

function unquote(text: string): string {
  return text.replaceAll('"', '')
}

export function printQuery(terms: readonly Term[]): string {
  return terms.map(printTerm).join(' ')
}

function printTerm({ negated, key, values }: Term): string {
  const list = values.map(value => (/[\s,]/.test(value) ? `"${value}"` : value)).join(',')
  return `${negated ? '-' : ''}${key ? `${key}:` : ''}${list}`
}

/** Turns one value of a facet on or off, and leaves the rest of the query as it is. */
export function toggleValue(input: string, key: QueryKey, value: string): string {
  const wanted = value.toLowerCase()
  const { terms } = parseQuery(input)
  const index = terms.findIndex(term => term.key === key && !term.negated)
  const old = terms[index]
  if (!old) return printQuery([...terms, { negated: false, key, values: [wanted] }])
  const values = old.values.includes(wanted) ? old.values.filter(v => v !== wanted) : [...old.values, wanted]
  const rest = terms.flatMap((term, i) => (i !== index ? [term] : values.length > 0 ? [{ ...old, values }] : []))
  return printQuery(rest)
}

export function selectedValues(query: Query, key: QueryKey): readonly string[] {
  return query.terms.find(term => term.key === key && !term.negated)?.values ?? []
}

/** Whether an application matches. `except` leaves the terms of one key out: a facet counts what its own values would
 * yield. */
export function matcher(query: Query, except?: QueryKey): (app: AppRow) => boolean {
  const tests = query.terms.filter(term => !except || term.key !== except).map(termTest)
  return app => tests.every(test => test(app))
}

function termTest({ key, values, negated }: Term): (app: AppRow) => boolean {
  const tests = values.map(value => valueTest(key, value))
  return app => tests.some(test => test(app)) !== negated
}

function valueTest(key: QueryKey | '', value: string): (app: AppRow) => boolean {
  if (key === 'label') return labelTest(value)
  const matches = pattern(value)
  if (key === '') return app => searchable(app).includes(value)
  return app => facts(app, key).some(fact => matches(fact.toLowerCase()))
}

/** The facts an application has under a key. */
export function facts(app: AppRow, key: Exclude<QueryKey, 'label'>): readonly string[] {
  const { destination } = app
  switch (key) {
    case 'health':
      return [app.health]
    case 'sync':
      return [app.sync]
    case 'op':
      return [app.operation?.phase ?? 'none']
    case 'project':
      return [app.project]
    case 'ns':
      return destination.namespace === app.namespace ? [app.namespace] : [destination.namespace, app.namespace]
    case 'cluster':
      return destination.name && destination.server
        ? [destination.name, destination.server]
        : [destination.name || destination.server]
    case 'repo':
      return (app.sources ?? [app.source]).flatMap(({ repoURL }) => [repoURL, shortRepo(repoURL)])
    case 'auto':
      return [app.autoSync ? 'on' : 'off']
  }
}

function labelTest(value: string): (app: AppRow) => boolean {
  const [name = '', wanted] = value.split(/=(.*)/s)
  const matches = pattern(wanted ?? '*')
  return app => Object.entries(app.labels).some(([k, v]) => k.toLowerCase() === name && matches(v.toLowerCase()))
}

function pattern(value: string): (fact: string) => boolean {
  if (!value.includes('*')) return fact => fact === value
  const parts = value.split('*').map(part => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  const expression = new RegExp(`^${parts.join('.*')}$`, 's')
  return fact => expression.test(fact)
}

function searchable({ name, project, source, sources = [source] }: AppRow): string {
  const places = sources.map(({ path, chart, repoURL }) => `${path}\n${chart}\n${repoURL}`)
  return [name, project, ...places].join('\n').toLowerCase()
}

/** "https://github.com/org/repo.git" -> "org/repo" */
export function shortRepo(url: string): string {
  const path = url.replace(/^[a-z+]+:\/\/[^/]+\//i, '').replace(/^[^@/]+@[^:/]+:/, '')
  return path.replace(/\.git$/, '').replace(/\/$/, '')
}

/** Argo CD's list parameters, so that bookmarks and links made for it keep working. */
export function fromArgoParams(params: URLSearchParams): string {
  const pairs: readonly [string, QueryKey][] = [
    ['proj', 'project'],
    ['sync', 'sync'],
    ['health', 'health'],
    ['namespace', 'ns'],
    ['cluster', 'cluster'],
    ['repo', 'repo'],
    ['labels', 'label'],
  ]
  const terms: Term[] = []
  for (const [param, key] of pairs) {
    const values = splitValues(params.get(param) ?? '')
    if (values.length > 0) terms.push({ negated: false, key, values })
  }
  const search = params.get('search') ?? ''
  return [printQuery(terms), search].filter(part => part !== '').join(' ')
}
