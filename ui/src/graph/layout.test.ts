import { describe, expect, it } from 'vitest'
import type { ResourceNode } from '../api/model'
import { resourceNode, seeded } from '../testing/rows'
import { buildForest, collapseForest, countBelow, flatten, isProblem, pruneForest, rootId } from './forest'
import { boxesIn, cardHeight, cardWidth, type Direction, layoutForest, neighbour } from './layout'
import { clampPan, firstView, fitView, reveal, windowOf, zoomAt } from './viewport'

/** A random forest: parents anywhere among the nodes, so with cycles and orphans, as a broken cluster may have. */
function randomRows(seed: number, count: number): ResourceNode[] {
  const random = seeded(seed)
  return Array.from({ length: count }, (_, i) => {
    const parent = random() < 0.4 ? '' : `/Pod/ns/n${Math.floor(random() * (count + 2))}`
    const health = random() < 0.1 ? 'Degraded' : 'Healthy'
    return resourceNode({ kind: 'Pod', namespace: 'ns', name: `n${i}`, parent, health, wave: Math.floor(random() * 2) })
  })
}

const seeds = Array.from({ length: 40 }, (_, i) => i + 1)

describe('buildForest', () => {
  it.each(seeds)('reaches every node once, whatever the owners say (seed %i)', seed => {
    const rows = randomRows(seed, 60)
    const reached = flatten(buildForest(rows)).map(row => row.id)
    expect(reached.toSorted()).toEqual(rows.map(row => row.id).toSorted())
  })

  it('puts waves before health before names', () => {
    const rows = [
      resourceNode({ name: 'late', wave: 1, health: 'Degraded' }),
      resourceNode({ name: 'b', health: 'Healthy' }),
      resourceNode({ name: 'a', health: 'Healthy' }),
      resourceNode({ name: 'sick', health: 'Degraded' }),
    ]
    expect(flatten(buildForest(rows)).map(row => row.id.split('/').at(-1))).toEqual(['sick', 'a', 'b', 'late'])
  })

  it.each(seeds.slice(0, 10))('prunes to the problems and the ways to them (seed %i)', seed => {
    const whole = buildForest(randomRows(seed, 80))
    const pruned = pruneForest(whole, isProblem)
    const wanted = [...whole.nodes.values()].filter(isProblem).map(node => node.id)
    expect([...pruned.nodes.keys()]).toEqual(expect.arrayContaining(wanted))
    for (const id of pruned.nodes.keys()) {
      const below = flatten({ ...pruned, children: pruned.children }).filter(row => row.id === id)
      expect(below).toHaveLength(1)
      if (!wanted.includes(id)) expect(countBelow(pruned, id)).toBeGreaterThan(0)
    }
  })
})

describe('layoutForest', () => {
  it.each(seeds)('lets no two cards touch and keeps all inside its size (seed %i)', seed => {
    const layout = layoutForest(buildForest(randomRows(seed, 70)))
    const boxes = [...layout.boxes.values()]
    expect(boxes).toHaveLength(71)
    for (const [i, a] of boxes.entries()) {
      expect(a.x + cardWidth).toBeLessThanOrEqual(layout.width)
      expect(a.y + cardHeight).toBeLessThanOrEqual(layout.height)
      for (const b of boxes.slice(i + 1)) {
        const apart = Math.abs(a.x - b.x) >= cardWidth || Math.abs(a.y - b.y) >= cardHeight
        expect(apart, `${a.id} and ${b.id}`).toBe(true)
      }
    }
  })

  it.each(seeds.slice(0, 10))('puts children right of their owner and not above it (seed %i)', seed => {
    const forest = buildForest(randomRows(seed, 70))
    const { boxes } = layoutForest(forest)
    for (const [id, parent] of forest.parents) {
      const [child, owner] = [boxes.get(id), boxes.get(parent)]
      expect(child && owner && child.x > owner.x && child.y >= owner.y).toBe(true)
    }
  })

  it('packs many leaves into a block', () => {
    const rows = Array.from({ length: 200 }, (_, i) => resourceNode({ name: `c${i}` }))
    const layout = layoutForest(buildForest(rows))
    expect(layout.height).toBeLessThan(60 * cardHeight)
    expect(layout.edges).toHaveLength(1)
  })

  it('grows in step with its input', () => {
    const time = (count: number): number => {
      const forest = buildForest(randomRows(1, count))
      const start = performance.now()
      layoutForest(forest)
      return performance.now() - start
    }
    time(2000)
    // The budget is 16 ms for 5,000 nodes; the machine that runs the tests may be busy.
    expect(time(5000)).toBeLessThan(160)
  })

  it('finds exactly the boxes of a window', () => {
    const layout = layoutForest(buildForest(randomRows(5, 200)))
    const window = { left: 100, right: 900, top: 300, bottom: 800 }
    const want = [...layout.boxes.values()].filter(
      b =>
        b.x <= window.right && b.x + cardWidth >= window.left && b.y <= window.bottom && b.y + cardHeight >= window.top,
    )
    expect(
      boxesIn(layout, window)
        .map(b => b.id)
        .toSorted(),
    ).toEqual(want.map(b => b.id).toSorted())
  })

  it.each(seeds.slice(0, 10))('lets the arrow keys reach every card from the root (seed %i)', seed => {
    const forest = buildForest(randomRows(seed, 60))
    const layout = layoutForest(forest)
    const directions: readonly Direction[] = ['left', 'right', 'up', 'down']
    const reached = new Set<string>([rootId])
    const queue = [rootId]
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      for (const direction of directions) {
        const next = neighbour(layout, forest, id, direction)
        if (next === undefined || reached.has(next)) continue
        reached.add(next)
        queue.push(next)
      }
    }
    expect(reached.size).toBe(61)
  })

  it('hides what is collapsed and leaves the rest in its place, also beside packed leaves', () => {
    const owner = resourceNode({ group: 'apps', kind: 'Deployment', name: 'web', health: 'Degraded' })
    const leaves = Array.from({ length: 20 }, (_, i) => resourceNode({ name: `c${i}` }))
    const forest = buildForest([owner, resourceNode({ kind: 'Pod', name: 'web-1', parent: owner.id }), ...leaves])
    const [before, after] = [forest, collapseForest(forest, new Set([owner.id]))].map(layoutForest)
    expect(after?.boxes.size).toBe(22)
    expect(after?.boxes.get(owner.id)).toEqual(before?.boxes.get(owner.id))
    expect(countBelow(forest, owner.id)).toBe(1)
  })
})

describe('viewport', () => {
  const layout = layoutForest(buildForest(randomRows(2, 300)))
  const size = { width: 800, height: 500 }

  it('fits the whole', () => {
    const seen = windowOf(fitView(layout, size), size)
    expect([seen.left <= 0, seen.top <= 0, seen.right >= layout.width, seen.bottom >= layout.height]).toEqual([
      true,
      true,
      true,
      true,
    ])
  })

  it('begins with the root in sight at a size one can read', () => {
    const view = firstView(layout, size)
    expect(view.zoom).toBeGreaterThanOrEqual(0.75)
    expect(boxesIn(layout, windowOf(view, size)).map(box => box.id)).toContain(rootId)
  })

  it('zooms about a fixed point', () => {
    const view = { panX: 10, panY: 20, zoom: 1 }
    const zoomed = zoomAt(view, 0.5, 110, 220)
    expect([(110 - zoomed.panX) / zoomed.zoom, (220 - zoomed.panY) / zoomed.zoom]).toEqual([100, 200])
  })

  it('reveals a card and leaves a visible one alone', () => {
    const view = firstView(layout, size)
    const last = layout.byTop.at(-1)
    if (!last) throw new Error('an empty layout')
    expect(boxesIn(layout, windowOf(reveal(view, last, size), size))).toContain(last)
    const root = layout.boxes.get(rootId)
    if (!root) throw new Error('no root')
    expect(reveal(view, root, size)).toBe(view)
  })

  it('never lets the plane get lost', () => {
    const lost = clampPan({ panX: 1e6, panY: -1e6, zoom: 1 }, layout, size)
    expect(lost.panX).toBeLessThan(size.width)
    expect(lost.panY).toBeGreaterThan(-layout.height)
  })
})
