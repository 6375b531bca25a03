import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Menu } from './Menu'

function setUp() {
  const run = vi.fn()
  render(
    <Menu
      label="Theme"
      items={[
        { label: 'Light', checked: false, run },
        { label: 'Dark', checked: true, run: () => undefined },
      ]}
    >
      T
    </Menu>,
  )
  const button = screen.getByRole('button', { name: 'Theme' })
  return { button, run }
}

describe('Menu', () => {
  afterEach(cleanup)

  it('opens on what is in force, moves with the arrows and runs what is chosen', () => {
    const { button, run } = setUp()
    fireEvent.click(button)
    expect(document.activeElement?.textContent).toBe('Dark')
    fireEvent.keyDown(screen.getByRole('menu'), { key: 'ArrowDown' })
    expect(document.activeElement?.textContent).toBe('Light')
    fireEvent.click(screen.getByRole('menuitemradio', { name: 'Light' }))
    expect(run).toHaveBeenCalledTimes(1)
    expect(screen.queryByRole('menu')).toBeNull()
  })

  it('closes on Escape and gives the focus back', () => {
    const { button } = setUp()
    fireEvent.click(button)
    fireEvent.keyDown(screen.getByRole('menu'), { key: 'Escape' })
    expect(screen.queryByRole('menu')).toBeNull()
    expect(document.activeElement).toBe(button)
  })

  it('closes when something else is pressed', () => {
    const { button } = setUp()
    fireEvent.click(button)
    fireEvent.pointerDown(document.body)
    expect(screen.queryByRole('menu')).toBeNull()
  })

  it('shows what cannot be chosen now, and why, and does not run it', () => {
    const run = vi.fn()
    const opened = vi.fn()
    const items = [
      { label: 'Resume', disabled: true, hint: 'It is not paused', run },
      { label: 'Restart', run },
    ]
    render(
      <Menu label="Actions" items={items} note="more follow" onOpen={opened}>
        A
      </Menu>,
    )
    fireEvent.click(screen.getByRole('button', { name: 'Actions' }))
    expect(opened).toHaveBeenCalledTimes(1)
    const item = screen.getByRole('menuitem', { name: /Resume/ })
    expect([item.getAttribute('aria-disabled'), item.textContent]).toEqual(['true', 'ResumeIt is not paused'])
    fireEvent.click(item)
    expect(run).not.toHaveBeenCalled()
    expect(screen.getByText('more follow')).toBeTruthy()
  })

  it('takes the focus before there is anything in it, and gives it to what comes', () => {
    const show = (labels: string[]) => (
      <Menu label="Actions" items={labels.map(label => ({ label, run: () => undefined }))}>
        A
      </Menu>
    )
    const { rerender } = render(show([]))
    fireEvent.click(screen.getByRole('button', { name: 'Actions' }))
    expect(document.activeElement?.getAttribute('role')).toBe('menu')
    rerender(show(['Restart']))
    expect(document.activeElement?.textContent).toBe('Restart')
  })
})
