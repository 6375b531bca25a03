/** One dispatched message of a Server-Sent-Events stream. */
export interface ServerEvent {
  id: string
  event: string
  data: string
}

/** Cuts a stream of text, in chunks of any size, into events (WHATWG HTML §9.2.6). `retry:` is not used here. The id
 * stays in force for later events that carry none, as the standard says. */
export class EventParser {
  private buffer = ''
  private id = ''
  private event = ''
  private data: string[] = []

  push(chunk: string): ServerEvent[] {
    this.buffer += chunk
    const events: ServerEvent[] = []
    for (;;) {
      const end = this.buffer.search(/[\r\n]/)
      if (end < 0) return events
      // A lone CR at the chunk's end may be the first half of CRLF: wait for the next chunk.
      if (this.buffer[end] === '\r' && end === this.buffer.length - 1) return events
      const width = this.buffer.startsWith('\r\n', end) ? 2 : 1
      const line = this.buffer.slice(0, end)
      this.buffer = this.buffer.slice(end + width)
      const event = this.line(line)
      if (event) events.push(event)
    }
  }

  private line(line: string): ServerEvent | undefined {
    if (line === '') return this.dispatch()
    const colon = line.indexOf(':')
    if (colon === 0) return undefined
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'data') this.data.push(value)
    if (field === 'event') this.event = value
    if (field === 'id' && !value.includes('\0')) this.id = value
    return undefined
  }

  private dispatch(): ServerEvent | undefined {
    const { data, event } = this
    this.data = []
    this.event = ''
    if (data.length === 0) return undefined
    return { id: this.id, event: event || 'message', data: data.join('\n') }
  }
}
