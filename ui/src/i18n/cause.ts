import type { AppRow, Cause } from '../api/model'
import type { Messages } from './en'

/** The cause in the reader's language, without its object; the server's own English for a code unknown to this version. */
export function causeSentence(cause: Cause, t: Messages): string {
  return t.cause.sentence(cause.code, cause.params ?? {}, cause.text) + t.cause.more(cause.more)
}

/** "Deployment api", as the cause's object is called. */
export function causeObject({ object }: Cause): string {
  return `${object.kind} ${object.name}`
}

export function causeHeadline(cause: Cause, t: Messages): string {
  const { kind, name } = cause.object
  const { image = '', running = '' } = cause.params ?? {}
  if (cause.code === 'aborted') return t.reason.aborted(kind, name, image, running)
  return t.reason.headline(causeObject(cause), causeSentence(cause, t))
}

/** The reasons that the cause tells better. */
const explained = new Set(['degraded', 'progressing', 'aborted'])

/** What is to be told instead of the application's reason, if anything. */
export function causeOfReason({ reason, cause }: AppRow): Cause | undefined {
  return cause && explained.has(reason.code) ? cause : undefined
}
