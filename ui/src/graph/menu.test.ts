import { afterEach, describe, expect, it, vi } from 'vitest'
import { menuBelow, menuUnder, takeMenu } from './menu'

describe('where a menu goes', () => {
  afterEach(() => {
    document.body.innerHTML = ''
  })

  const host = () => {
    document.body.innerHTML = '<div><button data-id="apps/Deployment/shop/api"><span>api</span></button><i></i></div>'
    return document.body.firstElementChild as HTMLElement
  }

  it('is the pointer on a card, and nowhere beside one', () => {
    const on = (selector: string) =>
      menuUnder({ target: host().querySelector(selector), clientX: 3, clientY: 4 } as unknown as MouseEvent)
    expect(on('span')).toEqual({ id: 'apps/Deployment/shop/api', x: 3, y: 4 })
    expect(on('i')).toBeUndefined()
  })

  it('is below the card for a key, and somewhere for a card out of sight', () => {
    const id = 'apps/Deployment/shop/api'
    const place = host()
    const card = place.querySelector('button') as HTMLElement
    card.getBoundingClientRect = () => ({ left: 10, bottom: 50 }) as DOMRect
    expect(menuBelow(place, id)).toEqual({ id, x: 34, y: 46 })
    expect(menuBelow(null, id).id).toBe(id)
  })

  it('takes the place of the browser’s only where there is one', () => {
    const event = { preventDefault: vi.fn() }
    const open = vi.fn()
    takeMenu(event, undefined, open)
    expect([event.preventDefault.mock.calls.length, open.mock.calls.length]).toEqual([0, 0])
    takeMenu(event, { id: 'a', x: 1, y: 2 }, open)
    expect([event.preventDefault.mock.calls.length, open.mock.calls.length]).toEqual([1, 1])
  })
})
