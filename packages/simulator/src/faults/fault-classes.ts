/**
 * The classes of faults, and how each is drawn. Every run has each class on or off by the toss of a coin, with an intensity of its
 * own: a run with everything a little finds less than one with two things a lot.
 */
import type { RandomStream } from '../core/random-streams.ts'
import type { Fault } from './fault.ts'

export const FAULT_CLASSES = [
  'crash',
  'power',
  'crash-point',
  'pause',
  'clock',
  'partition',
  'one-way',
  'swizzle',
  'clog',
  'reset',
  'stall',
  'full',
  'disk-error',
  'sync-error',
  'wipe',
] as const

export type FaultClass = (typeof FAULT_CLASSES)[number]

/** Who can be hit. */
export interface Targets {
  readonly nodes: readonly string[]
  /** Those of them that are no controllers: a disk that a vote was on cannot be replaced by an empty one. */
  readonly brokersOnly: readonly string[]
  readonly clients: readonly string[]
  /** Whether the topics promise to survive that one machine after the other loses its power; and that all do at once. */
  readonly mayLosePower: boolean
  readonly mayBlackOut: boolean
  /** Whether they promise to survive that one disk after the other is lost. */
  readonly mayLoseDisks: boolean
}

/** Draws the faults of one class over a storm of `stormMs`. */
export function drawFaults(faultClass: FaultClass, random: RandomStream, stormMs: number, targets: Targets): readonly Fault[] {
  const count = random.between(1, 1 + Math.ceil((stormMs / 1_000) * random.pick([0.1, 0.3, 0.6])))
  const draw = DRAWERS[faultClass]
  return Array.from({ length: count }, () => draw(random, random.below(Math.max(1, stormMs)), targets)).flat()
}

type Drawer = (random: RandomStream, atMs: number, targets: Targets) => Fault | readonly Fault[]

const LOG_FILES = ['.log', '__cluster_metadata']

const DRAWERS: Readonly<Record<FaultClass, Drawer>> = {
  crash: (random, atMs, { nodes }) => ({ atMs, kind: 'crash', node: random.pick(nodes), how: 'process', downMs: downMs(random) }),
  power: (random, atMs, { nodes, mayLosePower, mayBlackOut }) => {
    if (mayBlackOut && random.chance(0.2)) return { atMs, kind: 'blackout', downMs: downMs(random) }
    return { atMs, kind: 'crash', node: random.pick(nodes), how: mayLosePower ? 'power' : 'process', downMs: downMs(random) }
  },
  'crash-point': (random, atMs, { nodes, mayLosePower }) => ({
    atMs,
    kind: 'crash-point',
    node: random.pick(nodes),
    how: mayLosePower && random.chance(0.5) ? 'power' : 'process',
    downMs: downMs(random),
    operation: random.pick(['write', 'write', 'sync', 'sync', 'syncDirectory', 'rename', 'replaceFile', 'truncate', 'remove']),
    count: random.between(1, 8),
    side: random.pick(['before', 'after']),
    lateMs: random.pick([0, 0, random.within(0, 3), random.within(0, 30)]),
  }),
  pause: (random, atMs, { nodes }) => ({ atMs, kind: 'pause', node: random.pick(nodes), forMs: duration(random) }),
  clock: (random, atMs, { nodes, clients }) => ({
    atMs,
    kind: 'clock-jump',
    node: random.pick([...nodes, ...clients]),
    byMs: random.pick([-3_600_000, -60_000, -500, 500, 60_000, 3_600_000]),
  }),
  partition: (random, atMs, { nodes }) => ({ atMs, kind: 'isolate', node: random.pick(nodes), way: 'both', forMs: duration(random) }),
  'one-way': (random, atMs, { nodes, clients }) => {
    if (random.chance(0.5))
      return { atMs, kind: 'isolate', node: random.pick(nodes), way: random.pick(['in', 'out']), forMs: duration(random) }
    const [from, to] = pair(random, nodes, clients)
    return { atMs, kind: 'cut', from, to, forMs: duration(random) }
  },
  // One after the other is cut off, and they come back in another order.
  swizzle: (random, atMs, { nodes, clients }) => {
    const hosts = random.shuffled([...nodes, ...clients]).slice(0, random.between(1, nodes.length + clients.length))
    return hosts.map((node) => ({ atMs: atMs + random.below(500), kind: 'isolate', node, way: 'both', forMs: duration(random) }))
  },
  clog: (random, atMs, { nodes, clients }) => {
    const [from, to] = pair(random, nodes, clients)
    return { atMs, kind: 'clog', from, to, forMs: duration(random), extraMs: random.pick([20, 200, 1_000]) }
  },
  reset: (random, atMs, { nodes, clients }) => {
    const [from, to] = pair(random, nodes, clients)
    return { atMs, kind: 'reset', from, to }
  },
  stall: (random, atMs, { nodes }) => ({ atMs, kind: 'disk-stall', node: random.pick(nodes), forMs: random.between(100, 5_000) }),
  full: (random, atMs, { nodes }) => ({
    atMs,
    kind: 'disk-full',
    node: random.pick(nodes),
    forMs: duration(random),
    roomBytes: random.pick([0, 100, 5_000]),
  }),
  'disk-error': (random, atMs, { nodes }) => ({
    atMs,
    kind: 'disk-error',
    node: random.pick(nodes),
    operation: random.pick(['read', 'write']),
    path: random.pick(LOG_FILES),
    downMs: downMs(random),
  }),
  'sync-error': (random, atMs, { nodes }) => ({
    atMs,
    kind: 'disk-error',
    node: random.pick(nodes),
    operation: 'sync',
    path: random.pick(LOG_FILES),
    downMs: downMs(random),
  }),
  wipe: (random, atMs, { brokersOnly, mayLoseDisks }) =>
    mayLoseDisks && brokersOnly.length > 0 ? { atMs, kind: 'wipe', node: random.pick(brokersOnly), downMs: downMs(random) } : [],
}

function pair(random: RandomStream, nodes: readonly string[], clients: readonly string[]): readonly [string, string] {
  const node = random.pick(nodes)
  const other = random.pick([...nodes, ...clients].filter((name) => name !== node))
  return random.chance(0.5) ? [node, other] : [other, node]
}

/** Back almost at once, or after everybody has noticed. */
function downMs(random: RandomStream): number {
  return random.pick([random.between(1, 10), random.between(100, 1_000), random.between(1_000, 8_000)])
}

function duration(random: RandomStream): number {
  return random.pick([random.between(10, 200), random.between(200, 2_000), random.between(2_000, 8_000)])
}
