import { useState } from 'react'
import { useWords } from '../i18n'
import { Icon } from './Icon'
import { useToasts } from './Toasts'

export function CopyButton({ text, label }: { text: string; label?: string }) {
  const { t } = useWords()
  const say = useToasts()
  const [copied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text)
      setCopied(true)
      setTimeout(() => setCopied(false), 2000)
    } catch (error) {
      say('bad', error instanceof Error ? error.message : String(error))
    }
  }
  return (
    <button
      type="button"
      className="button small"
      onClick={copy}
      aria-label={label ? `${t.common.copy}: ${label}` : undefined}
    >
      <Icon name={copied ? 'check' : 'copy'} size={14} />
      {copied ? t.common.copied : t.common.copy}
    </button>
  )
}
