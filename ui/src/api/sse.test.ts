import { describe, expect, it } from 'vitest'
import { seeded } from '../testing/rows'
import { EventParser, type ServerEvent } from './sse'

const cases: { reason: string; text: string; want: ServerEvent[] }[] = [
  {
    reason: 'all three fields',
    text: 'id: 7\nevent: delta\ndata: {"a":1}\n\n',
    want: [{ id: '7', event: 'delta', data: '{"a":1}' }],
  },
  { reason: 'a comment is no event', text: ': ping\n\n', want: [] },
  { reason: 'no data, no event', text: 'event: delta\n\n', want: [] },
  {
    reason: 'several data lines are one text',
    text: 'data: a\ndata: b\n\n',
    want: [{ id: '', event: 'message', data: 'a\nb' }],
  },
  {
    reason: 'an id stays in force',
    text: 'id: 1\ndata: a\n\ndata: b\n\n',
    want: [
      { id: '1', event: 'message', data: 'a' },
      { id: '1', event: 'message', data: 'b' },
    ],
  },
  {
    reason: 'only one blank after the colon is cut',
    text: 'data:  a\n\n',
    want: [{ id: '', event: 'message', data: ' a' }],
  },
  {
    reason: 'CRLF and CR end lines too',
    text: 'data: a\r\n\r\ndata: b\r\r\n',
    want: [
      { id: '', event: 'message', data: 'a' },
      { id: '', event: 'message', data: 'b' },
    ],
  },
  { reason: 'an unfinished event waits', text: 'data: a\n', want: [] },
]

describe('EventParser', () => {
  it.each(cases)('$reason', ({ text, want }) => {
    expect(new EventParser().push(text)).toEqual(want)
  })

  it('finds the same events however the stream is cut', () => {
    const text = 'id: 1\r\nevent: snapshot\r\ndata: {"topic":"apps"}\r\n\r\n: ping\n\nid: 2\ndata: x\ndata: y\n\n'
    const whole = new EventParser().push(text)
    for (let seed = 1; seed <= 50; seed += 1) {
      const random = seeded(seed)
      const parser = new EventParser()
      const found: ServerEvent[] = []
      for (let at = 0; at < text.length; ) {
        const length = 1 + Math.floor(random() * 9)
        found.push(...parser.push(text.slice(at, at + length)))
        at += length
      }
      expect(found, `seed ${seed}`).toEqual(whole)
    }
  })
})
