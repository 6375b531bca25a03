import type { CauseParams } from './en.resource'

/** What is the matter with an object, by the server's code; empty for a code unknown to this version. */
export function causeSentence(code: string, params: CauseParams): string {
  const said = says(code, params)
  return said && subject(params) + said
}

function subject({ subject, kind = '', name = '', count = '' }: CauseParams): string {
  if (subject === 'pods') return `Pod ${count} 個が `
  if (subject === 'one') return `${kind} ${name} が `
  return subject === 'many' ? `${kind} ${count} 個が ` : ''
}

function says(code: string, params: CauseParams): string {
  const { reason = '', image = '', detail = '', container = '', running = '' } = params
  const sentences: Readonly<Record<string, () => string>> = {
    imagePull: () => [reason, image].filter(Boolean).join(' '),
    crash: () => `${reason}: ${ended(params)}${detail && ` ${detail}`}`,
    config: () => reason + after(': ', detail),
    unschedulable: () => `スケジュールできません${after(': ', detail)}`,
    notReady: () => `準備できていません${after(': コンテナー ', container)}${after(': ', detail)}`,
    failed: () => `失敗しました${reason && ` (${reason})`}${container && `: ${ended(params)}`}${after(': ', detail)}`,
    noPods: () => `Pod を作成できません${after(': ', detail)}`,
    volume: () =>
      reason === 'Lost'
        ? 'ボリュームを失いました'
        : `ボリューム${detail && `（ストレージクラス ${detail}）`}を待っています`,
    address: () => 'ロードバランサーのアドレスを待っています',
    deadline: () => 'ロールアウトの期限内に進みませんでした',
    aborted: () =>
      image && running
        ? `中止されました: Git ではイメージ ${image} ですが、${running} が稼働しています`
        : '中止されました: Git の内容は稼働していません',
    starting: () => '起動中です',
    deleting: () => `削除中です${detail && `（${detail} が保持しています）`}`,
  }
  return Object.hasOwn(sentences, code) ? (sentences[code]?.() ?? '') : ''
}

/** How a container ended. */
function ended({ container = '', exitCode = '' }: CauseParams): string {
  return `コンテナー ${container}${after(' 終了コード ', exitCode)}`
}

function after(mark: string, text: string): string {
  return text && mark + text
}
