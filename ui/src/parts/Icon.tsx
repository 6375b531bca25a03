/** The app's own glyphs, drawn on a 16 px grid. Shapes of states differ, so that no state depends on colour alone. */
const filled = {
  good: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm3.6 5.1-4.2 4.7a.8.8 0 0 1-1.2 0L4.4 8.9a.8.8 0 1 1 1.2-1.1l1.2 1.3 3.6-4a.8.8 0 1 1 1.2 1Z',
  bad: 'M5.3 1h5.4L15 5.3v5.4L10.7 15H5.3L1 10.7V5.3L5.3 1Zm.9 4.1a.8.8 0 0 0-1.1 1.1L6.9 8l-1.8 1.8a.8.8 0 0 0 1.1 1.1L8 9.1l1.8 1.8a.8.8 0 0 0 1.1-1.1L9.1 8l1.8-1.8a.8.8 0 0 0-1.1-1.1L8 6.9 6.2 5.1Z',
  drift:
    'M7 2.2a1.15 1.15 0 0 1 2 0l6 10.6a1.15 1.15 0 0 1-1 1.7H2a1.15 1.15 0 0 1-1-1.7L7 2.2ZM5.3 8.1h5.4V6.9H9.9l.5-1-1-.5-.8 1.5H5.3v1.2Zm0 3h1l-.6 1.1 1 .5.9-1.6h3.1V9.9H5.3v1.2Z',
  paused: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1ZM5.7 5.2h1.5v5.6H5.7V5.2Zm3.1 0h1.5v5.6H8.8V5.2Z',
} as const

const stroked = {
  running: 'M8 2a6 6 0 1 1-5.6 3.8',
  missing: 'M8 2a6 6 0 1 0 .01 0',
  unknown: 'M8 2a6 6 0 1 0 .01 0M6.3 6.4A1.8 1.8 0 1 1 8 8.3v.6M8 11.1v.2',
  close: 'm4 4 8 8M12 4l-8 8',
  down: 'm4 6 4 4 4-4',
  right: 'm6 4 4 4-4 4',
  up: 'm4 10 4-4 4 4',
  search: 'M7 2.5a4.5 4.5 0 1 0 .01 0M10.4 10.4l3.1 3.1',
  refresh: 'M13.2 8a5.2 5.2 0 1 1-1.6-3.8M13.4 1.9v2.7h-2.7',
  sync: 'M2.8 7.2a5.3 5.3 0 0 1 9.3-2.6l1.1 1.2M13.4 2.6v3.2h-3.2M13.2 8.8a5.3 5.3 0 0 1-9.3 2.6l-1.1-1.2M2.6 13.4v-3.2h3.2',
  theme: 'M8 2a6 6 0 1 0 .01 0M8 2v12',
  language: 'M8 2a6 6 0 1 0 .01 0M2.2 8h11.6M8 2c3.4 3.2 3.4 8.8 0 12C4.6 10.8 4.6 5.2 8 2',
  keyboard: 'M2 4h12v8H2zM4.5 6.5h.01M7 6.5h.01M9.5 6.5h.01M12 6.5h.01M5 9.5h6',
  copy: 'M5.5 5.5h8v8h-8zM3 10.5H2.5v-8h8V3',
  check: 'm3 8.5 3.5 3.5L13 4.5',
  plus: 'M8 3.5v9M3.5 8h9',
  minus: 'M3.5 8h9',
  history: 'M3 8a5 5 0 1 0 1.5-3.6M2.6 2.4v2.8h2.8M8 5.2V8l2 1.4',
  fit: 'M2.5 6v-3.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10',
  outside: 'M6.5 3H3v10h10V9.5M9 3h4v4M13 3 7.5 8.5',
  filter: 'M2 4h12M4.5 8h7M6.5 12h3',
} as const

export type IconName = keyof typeof filled | keyof typeof stroked

interface IconProps {
  name: IconName
  size?: number
  className?: string | undefined
  /** What the icon says, where no text beside it does. */
  label?: string | undefined
}

export function Icon({ name, size = 16, className, label }: IconProps) {
  const solid = name in filled
  const path = solid ? filled[name as keyof typeof filled] : stroked[name as keyof typeof stroked]
  return (
    // biome-ignore lint/a11y/noSvgWithoutTitle: a <title> would be one node more on each of many cards; aria-label says it
    <svg
      className={className}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      focusable="false"
      {...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true })}
    >
      <path
        d={path}
        fill={solid ? 'currentColor' : 'none'}
        fillRule="evenodd"
        stroke={solid ? 'none' : 'currentColor'}
        strokeWidth={1.6}
        strokeLinecap="round"
        strokeLinejoin="round"
        strokeDasharray={name === 'missing' ? '2.6 2.1' : undefined}
      />
    </svg>
  )
}
