import { describe, expect, it } from 'vitest'
import { appRow } from '../testing/rows'
import { en } from './en'
import { formats, instant } from './format'
import { ja } from './ja'
import { reasonHeadline, reasonSentence, reasonSince } from './reason'

/** Every text of a dictionary by its path; functions are called with as many ones as they take. */
function texts(value: unknown, path = ''): [string, string][] {
  if (typeof value === 'string') return [[path, value]]
  if (typeof value === 'function') return [[`${path}()`, String(value(...Array(value.length).fill(1)))]]
  return Object.entries(value as object).flatMap(([key, child]) => texts(child, path ? `${path}.${key}` : key))
}

// Names and words that are the same in Japanese.
const untranslated = new Set(['product', 'inspector.uid', 'reason.error()'])

describe('dictionaries', () => {
  it('have the same texts in every language', () => {
    expect(texts(ja).map(([path]) => path)).toEqual(texts(en).map(([path]) => path))
  })

  it.each([
    ['en', en],
    ['ja', ja],
  ] as const)('leave nothing empty: %s', (_, words) => {
    expect(texts(words).filter(([, text]) => text.trim() === '')).toEqual([])
  })

  it('leave nothing in English in Japanese', () => {
    const japanese = /[\u3040-\u30ff\u4e00-\u9fff]/
    const english = texts(ja).filter(
      ([path, text]) => !japanese.test(text) && /[a-z]{3}/i.test(text) && !untranslated.has(path),
    )
    expect(english.map(([path]) => path)).toEqual([])
  })

  it('keep to the glossary', () => {
    expect(ja.health).toMatchObject({
      Healthy: '正常',
      Progressing: '進行中',
      Degraded: '異常',
      Suspended: '一時停止',
      Missing: '未作成',
      Unknown: '不明',
    })
    expect(ja.sync).toMatchObject({ Synced: '同期済み', OutOfSync: '差分あり' })
    expect([ja.app.refresh, ja.app.refreshHard, ja.app.prune, ja.app.selfHeal]).toEqual([
      '再取得',
      '完全再取得',
      '不要リソース削除',
      '自動修復',
    ])
  })
})

const now = Date.parse('2026-01-02T12:00:00Z')
const codes: { code: string; params?: Record<string, string>; en: string; ja: string }[] = [
  { code: 'ok', en: 'Everything is as Git describes it and healthy', ja: 'Git の記述どおりで、すべて正常です' },
  {
    code: 'degraded',
    params: { kind: 'Deployment', name: 'api', message: 'ImagePullBackOff', count: '3' },
    en: 'Degraded: Deployment api — ImagePullBackOff (and 2 others)',
    ja: '異常: Deployment api — ImagePullBackOff（ほか 2 件）',
  },
  {
    code: 'progressing',
    params: { kind: 'Deployment', name: 'api', count: '1' },
    en: 'Progressing: Deployment api',
    ja: '進行中: Deployment api',
  },
  {
    code: 'aborted',
    params: { kind: 'Rollout', name: 'api', image: 'x:2', running: 'x:1' },
    en: 'Degraded: Rollout api was aborted: Git says image x:2, x:1 is running',
    ja: '異常: Rollout api は中止されました: Git ではイメージ x:2 ですが、x:1 が稼働しています',
  },
  {
    code: 'suspended',
    params: { kind: 'CronJob', name: 'n' },
    en: 'Suspended: CronJob n is paused',
    ja: '一時停止: CronJob n は停止しています',
  },
  {
    code: 'missing',
    params: { kind: 'ConfigMap', name: 'c', count: '2' },
    en: 'Missing: ConfigMap c is in Git but not in the cluster (and 1 other)',
    ja: '未作成: ConfigMap c は Git にありますが、クラスターにありません（ほか 1 件）',
  },
  {
    code: 'outOfSync',
    params: { count: '1', first: 'Service api' },
    en: 'Service api differs from Git',
    ja: 'Service api に Git との差分があります',
  },
  {
    code: 'outOfSync',
    params: { count: '3', first: 'Service api' },
    en: 'Service api and 2 others differ from Git',
    ja: 'Service api ほか 2 件 に Git との差分があります',
  },
  {
    code: 'outOfSync',
    params: { count: '3' },
    en: '3 resources differ from Git',
    ja: '3 件のリソースに Git との差分があります',
  },
  {
    code: 'syncing',
    params: { phase: 'Running', done: '4', total: '10' },
    en: 'Syncing: 4 of 10 resources done',
    ja: '同期中: 10 件のうち 4 件が完了',
  },
  {
    code: 'syncing',
    params: { phase: 'Terminating' },
    en: 'The running sync is being stopped',
    ja: '実行中の同期を中止しています',
  },
  {
    code: 'syncFailed',
    params: { message: 'boom' },
    en: 'The last sync failed — boom',
    ja: '前回の同期は失敗しました — boom',
  },
  {
    code: 'waitingRetry',
    params: { count: '2', at: '2026-01-02T12:05:00Z', message: 'boom' },
    en: 'Sync failed, attempt 3 follows in 5 minutes — boom',
    ja: '同期に失敗しました。5 分後に 3 回目を試みます — boom',
  },
  {
    code: 'waiting',
    params: { message: 'for argocd/db' },
    en: 'A sync waits — for argocd/db',
    ja: '同期は待機しています — for argocd/db',
  },
  { code: 'unknown', params: { message: 'no route' }, en: 'State unknown — no route', ja: '状態が不明です — no route' },
  {
    code: 'error',
    params: { type: 'ComparisonError', message: 'no path' },
    en: 'ComparisonError — no path',
    ja: 'ComparisonError — no path',
  },
  { code: 'deleting', params: { count: '1' }, en: 'Being deleted: 1 resource left', ja: '削除中: 残り 1 件のリソース' },
  { code: 'new', en: 'New: not compared with the cluster yet', ja: '新規: まだクラスターと比較していません' },
  { code: 'somethingNewer', en: 'The server’s own words', ja: 'The server’s own words' },
]

describe('reason sentences', () => {
  it.each(codes)('$code: $en', ({ code, params = {}, ...want }) => {
    const reason = { code, params, text: 'The server’s own words' }
    expect(reasonHeadline(reason, en, formats('en'), now)).toBe(want.en)
    expect(reasonHeadline(reason, ja, formats('ja'), now)).toBe(want.ja)
  })

  it('leave out the state where it stands beside them', () => {
    const reason = { code: 'degraded', params: { kind: 'Pod', name: 'a' }, text: '' }
    expect(reasonSentence(reason, en, formats('en'), now)).toBe('Pod a')
  })

  it('know since when', () => {
    const since = '2026-01-02T10:00:00Z'
    const reason = { code: 'outOfSync', params: {}, text: '' }
    expect(reasonSince(appRow({ reason, outOfSyncSince: since }))).toBe(since)
    const condition = { type: 'ComparisonError', message: '', lastTransitionTime: since }
    const error = { code: 'error', params: { type: 'ComparisonError' }, text: '' }
    expect(reasonSince(appRow({ reason: error, conditions: [condition] }))).toBe(since)
    expect(reasonSince(appRow())).toBe('')
  })
})

describe('formats', () => {
  it.each([
    ['2026-01-02T11:59:55Z', 'now', '今'],
    ['2026-01-02T11:59:20Z', '40 seconds ago', '40 秒前'],
    ['2026-01-02T11:56:00Z', '4 minutes ago', '4 分前'],
    ['2026-01-01T12:00:00Z', 'yesterday', '昨日'],
    ['2026-01-02T15:00:00Z', 'in 3 hours', '3 時間後'],
    ['', '', ''],
    ['nonsense', '', ''],
  ])('tell the distance to %j', (time, english, japanese) => {
    expect([formats('en').ago(time, now), formats('ja').ago(time, now)]).toEqual([english, japanese])
  })

  it.each([
    [0, '0s'],
    [59_000, '59s'],
    [60_000, '1m'],
    [7_200_000, '2h'],
    [900_000_000, '10d'],
    [-5, '0s'],
  ])('shorten %i ms to %s', (duration, want) => {
    expect(formats('en').short(duration)).toBe(want)
  })

  it('take Go’s zero time for none', () => {
    expect(instant('0001-01-01T00:00:00Z')).toBeUndefined()
  })
})
