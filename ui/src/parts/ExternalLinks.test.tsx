import { cleanup, render, screen } from '@testing-library/react'
import { afterEach, describe, expect, it } from 'vitest'
import { WordsProvider } from '../i18n'
import { en } from '../i18n/en'
import { ExternalLinks } from './ExternalLinks'

describe('links out of the app', () => {
  afterEach(cleanup)

  it('lead to web servers only, which learn nothing of this page', () => {
    render(
      <WordsProvider initial={{ language: 'en', messages: en }}>
        <ExternalLinks urls={['https://a.example.com/', 'Run|javascript:alert(1)', 'Docs|https://b.example.com/x']} />
      </WordsProvider>,
    )
    const links = screen.getAllByRole<HTMLAnchorElement>('link')
    expect(links.map(link => [link.getAttribute('href'), link.rel, link.target, link.textContent])).toEqual([
      ['https://a.example.com/', 'noopener noreferrer', '_blank', 'a.example.com'],
      ['https://b.example.com/x', 'noopener noreferrer', '_blank', 'Docs'],
    ])
    // A title is a stranger's word; the host stands beside it.
    expect(screen.getByText('b.example.com/x')).toBeTruthy()
  })
})
