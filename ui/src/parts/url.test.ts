import { describe, expect, it } from 'vitest'
import { namedUrls, safeUrl, shortUrl } from './url'

describe('addresses written by strangers', () => {
  it.each([
    ['https://shop.example.com/a', 'https://shop.example.com/a', 'a plain address'],
    [' http://10.0.0.1:8080 ', 'http://10.0.0.1:8080/', 'one without TLS, with blanks around it'],
    ['HTTPS://Shop.Example.com', 'https://shop.example.com/', 'in capitals'],
    ['javascript:alert(1)', '', 'would run here'],
    ['JaVaScRiPt:alert(1)', '', 'the same in another case'],
    ['java\nscript:alert(1)', '', 'URL parsers drop line feeds'],
    ['\u0001javascript:alert(1)', '', 'and control characters in front'],
    ['data:text/html,<script>alert(1)</script>', '', 'a page of its own'],
    ['blob:https://shop.example.com/1', '', 'content of a page'],
    ['file:///etc/passwd', '', 'the reader’s disk'],
    ['//evil.example.com', '', 'an address of whatever the page has'],
    ['/applications', '', 'a path of ours'],
    ['https://bank.example.com@evil.example.com/', '', 'a name that looks like the host'],
    ['https://', '', 'no host'],
    ['shop.example.com', '', 'no scheme'],
    ['', '', 'nothing'],
  ])('%j is %j: %s', (text, want) => {
    expect(safeUrl(text)).toBe(want)
  })

  it('may have a title, and come once', () => {
    expect(
      namedUrls([
        'Shop|https://shop.example.com',
        'https://shop.example.com/',
        'Bad|javascript:1',
        'https://a.b/?q=x|y',
      ]),
    ).toEqual([{ title: 'Shop', href: 'https://shop.example.com/' }])
    expect(namedUrls(['https://a.example.com'])).toEqual([{ title: '', href: 'https://a.example.com/' }])
  })

  it('are shown without what all have', () => {
    expect(shortUrl('https://shop.example.com/')).toBe('shop.example.com')
  })
})
