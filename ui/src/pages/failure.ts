import { RequestError } from '../api/commands'
import type { Messages } from '../i18n/en'

/** The server's words, or that it could not be reached. */
export function describeFailure(error: unknown, t: Messages): string {
  if (error instanceof RequestError) return error.status === 0 ? t.failure.unreachable : error.message
  return error instanceof Error ? error.message : String(error)
}
