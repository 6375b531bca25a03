import {
  type KeyboardEvent,
  type MouseEvent,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react'
import type { AppRow } from '../api/model'
import { useWords } from '../i18n'
import { Icon } from '../parts/Icon'
import { NodeCard, RootCard, Toggle } from './Card'
import { collapseForest, countBelow, type Forest, rootId } from './forest'
import { useGestures } from './gestures'
import {
  type Box,
  boxesIn,
  cardHeight,
  cardWidth,
  type Direction,
  type Layout,
  layoutForest,
  neighbour,
} from './layout'
import { cardOf, type MenuAt, menuBelow, menuUnder, takeMenu } from './menu'
import { type Palette, paint, readPalette } from './paint'
import styles from './ResourceGraph.module.css'
import { cardZoom, clampPan, firstView, fitView, reveal, type Size, type Viewport, windowOf, zoomAt } from './viewport'

interface ResourceGraphProps {
  app: AppRow
  forest: Forest
  collapsed: ReadonlySet<string>
  toggle(id: string): void
  selected: string
  select(id: string): void
  /** Wants the menu of a resource, at a point of the window. */
  onMenu(menu: MenuAt): void
}

const step = 1.25

/** The resource tree on a plane: edges, and nodes too small to read, on a canvas; HTML cards only for the nodes in sight.
 * The cost of a frame depends on the window, not on the size of the tree. */
export function ResourceGraph(props: ResourceGraphProps) {
  const { forest, collapsed, toggle, selected, select } = props
  const { t } = useWords()
  const host = useRef<HTMLDivElement>(null)
  const visible = useMemo(() => collapseForest(forest, collapsed), [forest, collapsed])
  const layout = useMemo(() => layoutForest(visible), [visible])
  const size = useSize(host)
  const plane = usePlane(layout, size)
  const { view } = plane
  const cursor = useCursor(host, layout, plane)
  useGestures(host, {
    onPan: plane.pan,
    onZoom: plane.zoom,
    onTap: (x, y) => {
      const hit = view.zoom < cardZoom ? boxAt(layout, view, x, y) : undefined
      if (hit !== undefined) select(hit)
    },
  })
  useRevealed(layout, selected, size, plane.reveal)
  const onKeyDown = (event: KeyboardEvent): void => {
    const action = keyAction(event.key, {
      move: direction => cursor.go(neighbour(layout, visible, cursor.at, direction)),
      toggle: () => cursor.at !== rootId && forest.children.has(cursor.at) && toggle(cursor.at),
      zoom: plane.zoom,
      fit: plane.fit,
      menu: () => props.onMenu(menuBelow(host.current, cursor.at)),
    })
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    event.stopPropagation()
    action()
  }
  const onContextMenu = (event: MouseEvent<HTMLElement>): void => {
    const { left, top } = event.currentTarget.getBoundingClientRect()
    const { clientX: x, clientY: y } = event
    const far = boxAt(layout, view, x - left, y - top)
    takeMenu(event, menuUnder(event.nativeEvent) ?? (far ? { id: far, x, y } : undefined), props.onMenu)
  }
  const boxes = view.zoom < cardZoom ? [] : boxesIn(layout, windowOf(view, size))
  return (
    <div
      ref={host}
      className={styles.graph}
      role="group"
      aria-label={t.tree.label}
      aria-description={t.tree.graphHelp}
      tabIndex={boxes.length > 0 ? -1 : 0}
      onKeyDown={onKeyDown}
      onContextMenu={onContextMenu}
    >
      <Canvas layout={layout} forest={visible} view={view} size={size} selected={selected} />
      <div
        className={styles.layer}
        style={{ transform: `translate(${view.panX}px, ${view.panY}px) scale(${view.zoom})` }}
      >
        <Cards {...props} boxes={boxes} at={cursor.at} focus={cursor.set} />
      </div>
      <Tools zoom={view.zoom} onZoom={plane.zoom} onFit={plane.fit} />
    </div>
  )
}

interface CardsProps extends ResourceGraphProps {
  boxes: readonly Box[]
  /** The card that Tab reaches. */
  at: string
  focus(id: string): void
}

function Cards({ app, forest, collapsed, toggle, selected, select, boxes, at, focus }: CardsProps) {
  const parents = boxes.filter(box => box.id !== rootId && forest.children.has(box.id))
  return (
    <>
      {boxes.map(box => {
        const node = forest.nodes.get(box.id)
        const shared = { x: box.x, y: box.y, tabbable: box.id === at, focus }
        return node ? (
          <NodeCard key={box.id} node={node} selected={box.id === selected} select={select} {...shared} />
        ) : (
          <RootCard key={box.id} app={app} {...shared} />
        )
      })}
      {parents.map(box => (
        <Toggle
          key={box.id}
          box={box}
          hidden={collapsed.has(box.id) ? countBelow(forest, box.id) : 0}
          name={forest.nodes.get(box.id)?.name ?? ''}
          toggle={toggle}
        />
      ))}
    </>
  )
}

interface Plane {
  view: Viewport
  pan(dx: number, dy: number): void
  zoom(factor: number, x?: number, y?: number): void
  fit(): void
  /** Moves the card into sight, at a zoom at which it is one. */
  reveal(box: Box): void
}

/** What is seen of the layout, begun as soon as there is something to see and room to see it in. */
function usePlane(layout: Layout, size: Size): Plane {
  const [view, setView] = useState<Viewport>({ panX: 24, panY: 24, zoom: 1 })
  const begun = useRef(false)
  useLayoutEffect(() => {
    if (begun.current || size.width === 0 || layout.boxes.size < 2) return
    begun.current = true
    setView(firstView(layout, size))
  }, [layout, size])
  const moves = useMemo(() => {
    const [centreX, centreY] = [size.width / 2, size.height / 2]
    return {
      pan: (dx: number, dy: number) =>
        setView(old => clampPan({ ...old, panX: old.panX + dx, panY: old.panY + dy }, layout, size)),
      zoom: (factor: number, x = centreX, y = centreY) =>
        setView(old => clampPan(zoomAt(old, factor, x, y), layout, size)),
      fit: () => setView(fitView(layout, size)),
      reveal: (box: Box) =>
        setView(old => {
          const readable = old.zoom < cardZoom ? zoomAt(old, 0.9 / old.zoom, centreX, centreY) : old
          return reveal(readable, box, size)
        }),
    }
  }, [layout, size])
  return { view, ...moves }
}

interface Cursor {
  at: string
  set(id: string): void
  /** Moves the focus to a card, into sight first. */
  go(id: string | undefined): void
}

/** The one card that Tab reaches, and that the arrow keys move from. */
function useCursor(host: RefObject<HTMLElement | null>, layout: Layout, plane: Plane): Cursor {
  const [active, setActive] = useState(rootId)
  const focusNext = useRef(false)
  const at = layout.boxes.has(active) ? active : rootId
  const { view } = plane
  // biome-ignore lint/correctness/useExhaustiveDependencies: the card to focus exists only after view and active were drawn
  useLayoutEffect(() => {
    if (!focusNext.current) return
    const card = cardOf(host.current, at)
    if (!card) return
    focusNext.current = false
    card.focus({ preventScroll: true })
  }, [at, view])
  const go = (id: string | undefined): void => {
    const box = id === undefined ? undefined : layout.boxes.get(id)
    if (!box) return
    focusNext.current = true
    setActive(box.id)
    plane.reveal(box)
  }
  return { at, set: setActive, go }
}

interface KeyActions {
  move(direction: Direction): void
  toggle(): void
  zoom(factor: number): void
  fit(): void
  menu(): void
}

function keyAction(key: string, actions: KeyActions): (() => void) | undefined {
  const table: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => actions.move('left'),
    ArrowRight: () => actions.move('right'),
    ArrowUp: () => actions.move('up'),
    ArrowDown: () => actions.move('down'),
    h: () => actions.move('left'),
    l: () => actions.move('right'),
    k: () => actions.move('up'),
    j: () => actions.move('down'),
    ' ': () => actions.toggle(),
    '+': () => actions.zoom(step),
    '-': () => actions.zoom(1 / step),
    '0': () => actions.fit(),
    '.': () => actions.menu(),
  }
  return table[key]
}

function boxAt(layout: Layout, view: Viewport, x: number, y: number): string | undefined {
  const point = { x: (x - view.panX) / view.zoom, y: (y - view.panY) / view.zoom }
  const found = boxesIn(layout, { left: point.x, right: point.x, top: point.y, bottom: point.y })
  return found.find(box => point.x <= box.x + cardWidth && point.y <= box.y + cardHeight)?.id
}

function useSize(host: { current: HTMLElement | null }): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 })
  useLayoutEffect(() => {
    const element = host.current
    if (!element) return
    const measure = (): void => setSize({ width: element.clientWidth, height: element.clientHeight })
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [host])
  return size
}

/** Brings the selected card into sight when the selection or the room for it changes, and only then. */
function useRevealed(layout: Layout, selected: string, size: Size, show: (box: Box) => void): void {
  const latest = useRef({ layout, show })
  latest.current = { layout, show }
  useEffect(() => {
    const box = selected ? latest.current.layout.boxes.get(selected) : undefined
    if (box && size.width > 0) latest.current.show(box)
  }, [selected, size])
}

interface CanvasProps {
  layout: Layout
  forest: Forest
  view: Viewport
  size: Size
  selected: string
}

function Canvas({ layout, forest, view, size, selected }: CanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const probe = useRef<HTMLSpanElement>(null)
  const palette = usePalette(probe)
  useLayoutEffect(() => {
    if (canvas.current && palette) paint(canvas.current, { layout, nodes: forest.nodes, view, size, palette, selected })
  }, [layout, forest, view, size, palette, selected])
  return (
    <>
      <canvas ref={canvas} className={styles.canvas} aria-hidden="true" />
      <span ref={probe} className={styles.probe} />
    </>
  )
}

/** The theme's colours, read again when the reader or the system changes the theme. */
function usePalette(probe: { current: HTMLElement | null }): Palette | undefined {
  const [palette, setPalette] = useState<Palette>()
  useLayoutEffect(() => {
    const read = (): void => {
      if (probe.current) setPalette(readPalette(probe.current))
    }
    read()
    const observer = new MutationObserver(read)
    observer.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    const system = matchMedia('(prefers-color-scheme: dark)')
    system.addEventListener('change', read)
    return () => {
      observer.disconnect()
      system.removeEventListener('change', read)
    }
  }, [probe])
  return palette
}

interface ToolsProps {
  zoom: number
  onZoom(factor: number): void
  onFit(): void
}

function Tools({ zoom, onZoom, onFit }: ToolsProps) {
  const { t } = useWords()
  return (
    <div className={styles.tools}>
      <button
        type="button"
        className="icon-button"
        aria-label={t.tree.zoomOut}
        title={t.tree.zoomOut}
        onClick={() => onZoom(1 / step)}
      >
        <Icon name="minus" />
      </button>
      <span className={styles.zoom}>{Math.round(zoom * 100)}%</span>
      <button
        type="button"
        className="icon-button"
        aria-label={t.tree.zoomIn}
        title={t.tree.zoomIn}
        onClick={() => onZoom(step)}
      >
        <Icon name="plus" />
      </button>
      <button type="button" className="icon-button" aria-label={t.tree.fit} title={t.tree.fit} onClick={onFit}>
        <Icon name="fit" />
      </button>
    </div>
  )
}
