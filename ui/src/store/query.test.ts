import { describe, expect, it } from 'vitest'
import { appRow, seeded } from '../testing/rows'
import { facet } from './facets'
import { fromArgoParams, matcher, parseQuery, printQuery, shortRepo, type Term, toggleValue } from './query'

const apps = [
  appRow({ name: 'cart', project: 'shop', health: 'Degraded', labels: { team: 'web', stage: 'prod' } }),
  appRow({ name: 'search', project: 'shop', sync: 'OutOfSync', labels: { team: 'core' }, autoSync: false }),
  appRow({
    name: 'ledger',
    project: 'bank',
    health: 'Missing',
    sync: 'OutOfSync',
    destination: { server: 'https://eu', name: 'eu-1', namespace: 'bank-prod' },
    sources: ['team/deploy', 'second'].map(name => ({
      repoURL: `https://git.example/${name}.git`,
      path: 'apps/shop',
      chart: '',
      targetRevision: '',
      type: '',
    })),
  }),
]

const matches: { query: string; want: string[]; reason: string }[] = [
  { query: '', want: ['cart', 'search', 'ledger'], reason: 'nothing asked, nothing hidden' },
  { query: 'CART', want: ['cart'], reason: 'case never matters' },
  { query: 'health:degraded', want: ['cart'], reason: 'a fact' },
  { query: 'health:degraded,missing', want: ['cart', 'ledger'], reason: 'alternatives' },
  { query: 'sync:outofsync project:shop', want: ['search'], reason: 'all terms must hold' },
  { query: '-project:shop', want: ['ledger'], reason: 'negation' },
  { query: 'second', want: ['ledger'], reason: 'every source' },
  { query: 'repo:second', want: ['ledger'], reason: 'the repository of any source' },
  { query: '-cart', want: ['search', 'ledger'], reason: 'negated text' },
  { query: 'label:team=web', want: ['cart'], reason: 'a label’s value' },
  { query: 'label:team=*', want: ['cart', 'search'], reason: 'any value of a label' },
  { query: 'label:stage', want: ['cart'], reason: 'a label’s presence' },
  { query: 'ns:bank-*', want: ['ledger'], reason: 'a pattern' },
  {
    query: 'namespace:argocd',
    want: ['cart', 'search', 'ledger'],
    reason: 'the namespace of the application itself, by its long name',
  },
  { query: 'cluster:eu-1', want: ['ledger'], reason: 'the cluster by name' },
  { query: 'repo:team/deploy', want: ['cart', 'search', 'ledger'], reason: 'the repository by its short name' },
  { query: 'auto:off', want: ['search'], reason: 'auto-sync off' },
  { query: 'op:none', want: ['cart', 'search', 'ledger'], reason: 'never synced' },
  { query: 'apps/shop', want: ['cart', 'search', 'ledger'], reason: 'text finds the path' },
  { query: 'health:', want: ['cart', 'search', 'ledger'], reason: 'a key still being typed hides nothing' },
  { query: 'ns:a.c', want: [], reason: 'a dot is a dot' },
]

describe('the search language', () => {
  it.each(matches)('$query: $reason', ({ query, want }) => {
    expect(apps.filter(matcher(parseQuery(query))).map(app => app.name)).toEqual(want)
  })

  it('reads an unknown key as text, and says so', () => {
    expect(parseQuery('foo:bar')).toEqual({
      terms: [{ negated: false, key: '', values: ['foo:bar'] }],
      unknownKeys: ['foo'],
    })
    expect(parseQuery('https://git').unknownKeys).toEqual([])
  })

  it('keeps blanks inside quotes', () => {
    expect(parseQuery('label:"a b=c d" x').terms).toEqual([
      { negated: false, key: 'label', values: ['a b=c d'] },
      { negated: false, key: '', values: ['x'] },
    ])
  })

  it('prints what it parses: parse(print(terms)) = terms', () => {
    const random = seeded(3)
    const keys = ['', 'health', 'label', 'ns'] as const
    const values = ['a', 'degraded', 'two words', 'x=y', 'shop-*']
    for (let i = 0; i < 300; i += 1) {
      const terms = Array.from({ length: 1 + Math.floor(random() * 4) }, (): Term => {
        const key = keys[Math.floor(random() * keys.length)] ?? ''
        const many = key ? 1 + Math.floor(random() * 2) : 1
        return {
          negated: random() < 0.3,
          key,
          values: Array.from({ length: many }, () => values[Math.floor(random() * values.length)] ?? 'a'),
        }
      })
      expect(parseQuery(printQuery(terms)).terms, printQuery(terms)).toEqual(terms)
    }
  })

  it.each([
    ['', 'health:degraded'],
    ['health:degraded', ''],
    ['cart health:missing ns:x', 'cart health:missing,degraded ns:x'],
    ['health:missing,degraded cart', 'health:missing cart'],
    ['-health:degraded', '-health:degraded health:degraded'],
  ])('a click on the facet turns %j into %j', (before, after) => {
    expect(toggleValue(before, 'health', 'Degraded')).toBe(after)
  })

  it('understands Argo CD’s parameters', () => {
    const params = new URLSearchParams('proj=shop&sync=OutOfSync,Unknown&health=&labels=team%3Dweb&search=cart')
    expect(fromArgoParams(params)).toBe('project:shop sync:outofsync,unknown label:team=web cart')
  })

  it.each([
    ['https://github.com/org/repo.git', 'org/repo'],
    ['git@github.com:org/repo.git', 'org/repo'],
    ['ssh://git@host:22/org/repo', 'org/repo'],
    ['oci://ghcr.io/org/chart', 'org/chart'],
  ])('shortens %s', (url, want) => {
    expect(shortRepo(url)).toBe(want)
  })
})

describe('facets', () => {
  it('count what a click would leave: the other terms hold, their own do not', () => {
    const query = parseQuery('health:degraded project:shop')
    expect(Object.fromEntries(facet(apps, query, 'health').map(v => [v.value, v.count]))).toMatchObject({
      Degraded: 1,
      Healthy: 1,
      Missing: 0,
    })
    expect(facet(apps, query, 'project')).toEqual([{ value: 'shop', count: 1 }])
  })
})
