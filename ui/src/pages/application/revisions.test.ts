import { describe, expect, it } from 'vitest'
import type { Source } from '../../api/model'
import { appRow } from '../../testing/rows'
import { shortRevisions, sourceNames } from '../describe'
import { replaced, wantedRevisions } from './revisions'

const source = (over: Partial<Source>): Source => ({
  repoURL: 'https://git.example/shop',
  path: '',
  chart: '',
  targetRevision: 'main',
  type: '',
  ...over,
})
const sources = [
  source({ path: 'web', revision: 'a'.repeat(40) }),
  source({ ref: 'values', revision: '1.2' }),
  source({ path: 'x', name: 'extra' }),
]

describe('wantedRevisions', () => {
  it('says nothing of what is followed anyway', () => {
    expect(wantedRevisions(appRow({ source: sources[0] as Source }), ['main '])).toEqual({ revision: '' })
    expect(wantedRevisions({ source: sources[0] as Source, sources }, ['', 'main'])).toEqual({ revision: '' })
  })

  it('names one of several by its position, counted from 1', () => {
    expect(wantedRevisions({ source: sources[0] as Source }, ['v1'])).toEqual({ revision: 'v1' })
    expect(wantedRevisions({ source: sources[0] as Source, sources }, ['', ' v2 ', 'v3'])).toEqual({
      revision: '',
      revisions: ['v2', 'v3'],
      sourcePositions: [2, 3],
    })
  })

  it('takes an input that was not there before', () => {
    expect(replaced([], 2, 'v3')).toEqual(['', '', 'v3'])
    expect(replaced(['v1', 'v2'], 0, '')).toEqual(['', 'v2'])
  })
})

describe('several sources', () => {
  it('go by their names, or by what they are', () => {
    expect(sourceNames({ source: sources[0] as Source, sources })).toBe('web, $values, extra')
    expect(shortRevisions('', sources)).toBe('web aaaaaaa, $values 1.2, extra')
    expect(sourceNames({ source: sources[0] as Source })).toBe('web')
    expect(shortRevisions('b'.repeat(40))).toBe('bbbbbbb')
  })
})
