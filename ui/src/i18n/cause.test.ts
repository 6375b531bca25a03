import { describe, expect, it } from 'vitest'
import type { Cause } from '../api/model'
import { appRow } from '../testing/rows'
import { causeHeadline, causeOfReason, causeSentence } from './cause'
import { en } from './en'
import { ja } from './ja'

const cause = (over: Partial<Cause>): Cause => ({
  object: { id: 'apps/Deployment/shop/api', group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'api' },
  at: null,
  code: 'message',
  params: {},
  text: 'The server’s own words',
  since: '',
  more: 0,
  ...over,
})

/** The codes of internal/health/cause with what their params may hold. */
const cases: [string, Record<string, string>, string][] = [
  [
    'imagePull',
    { subject: 'pods', count: '3', reason: 'ImagePullBackOff', image: 'registry/x:1.2' },
    'Pod 3 個が ImagePullBackOff registry/x:1.2',
  ],
  [
    'crash',
    { subject: 'pods', count: '1', reason: 'CrashLoopBackOff', container: 'api', exitCode: '1' },
    'Pod 1 個が CrashLoopBackOff: コンテナー api 終了コード 1',
  ],
  [
    'config',
    { subject: 'self', reason: 'CreateContainerConfigError', detail: 'no Secret' },
    'CreateContainerConfigError: no Secret',
  ],
  [
    'unschedulable',
    { subject: 'pods', count: '2', detail: '0/3 nodes are available' },
    'Pod 2 個が スケジュールできません: 0/3 nodes are available',
  ],
  [
    'notReady',
    { subject: 'one', kind: 'Machine', name: 'm', container: 'api' },
    'Machine m が 準備できていません: コンテナー api',
  ],
  [
    'failed',
    { subject: 'self', reason: 'BackoffLimitExceeded', container: 'job', exitCode: '2' },
    '失敗しました (BackoffLimitExceeded): コンテナー job 終了コード 2',
  ],
  ['noPods', { subject: 'self', detail: 'exceeded quota' }, 'Pod を作成できません: exceeded quota'],
  ['volume', { subject: 'self', reason: 'Lost' }, 'ボリュームを失いました'],
  ['volume', { subject: 'self', detail: 'fast' }, 'ボリューム（ストレージクラス fast）を待っています'],
  ['address', { subject: 'self' }, 'ロードバランサーのアドレスを待っています'],
  ['deadline', { subject: 'self' }, 'ロールアウトの期限内に進みませんでした'],
  [
    'aborted',
    { subject: 'self', image: 'x:2', running: 'x:1' },
    '中止されました: Git ではイメージ x:2 ですが、x:1 が稼働しています',
  ],
  ['aborted', { subject: 'self' }, '中止されました: Git の内容は稼働していません'],
  ['starting', { subject: 'many', kind: 'Machine', count: '4' }, 'Machine 4 個が 起動中です'],
  ['deleting', { subject: 'self', detail: 'example.com/f' }, '削除中です（example.com/f が保持しています）'],
  ['condition', { subject: 'self', detail: 'no such zone' }, 'The server’s own words'],
  ['constructor', {}, 'The server’s own words'],
]

describe('causes', () => {
  it.each(cases)('%s %j', (code, params, japanese) => {
    expect(causeSentence(cause({ code, params }), ja)).toBe(japanese)
    expect(causeSentence(cause({ code, params }), en)).toBe('The server’s own words')
  })

  it('tell of others, and what they are about', () => {
    expect(causeHeadline(cause({ text: '1 pod is starting', more: 2 }), en)).toBe(
      'Deployment api: 1 pod is starting (and 2 other causes)',
    )
    expect(causeHeadline(cause({ code: 'aborted', params: { image: 'x:2', running: 'x:1' } }), en)).toBe(
      'Deployment api was aborted: Git says image x:2, x:1 is running',
    )
  })

  it('stand for a reason that tells less, and for no other', () => {
    const of = (code: string) => causeOfReason(appRow({ reason: { code, params: {}, text: '' }, cause: cause({}) }))
    expect([of('degraded'), of('progressing'), of('syncing')].map(Boolean)).toEqual([true, true, false])
    expect(causeOfReason(appRow({ reason: { code: 'degraded', params: {}, text: '' }, cause: null }))).toBeUndefined()
  })
})
