import type { AppRow, SyncRequest } from '../../api/model'

/** What of a request says at which revisions the sources are to be. What they follow anyway is not said. */
export function wantedRevisions(
  { source, sources }: Pick<AppRow, 'source' | 'sources'>,
  revisions: readonly string[],
): Pick<SyncRequest, 'revision' | 'revisions' | 'sourcePositions'> {
  const wanted = (sources ?? [source]).map(({ targetRevision }, position) => {
    const revision = revisions[position]?.trim() ?? ''
    return revision === targetRevision ? '' : revision
  })
  if (!sources) return { revision: wanted[0] ?? '' }
  const positions = wanted.flatMap((revision, position) => (revision === '' ? [] : [position + 1]))
  if (positions.length === 0) return { revision: '' }
  return { revision: '', revisions: wanted.filter(revision => revision !== ''), sourcePositions: positions }
}

/** Values with another one at a position. */
export function replaced(values: readonly string[], position: number, value: string): string[] {
  const all = Array.from({ length: Math.max(values.length, position + 1) }, (_, i) => values[i] ?? '')
  all[position] = value
  return all
}
