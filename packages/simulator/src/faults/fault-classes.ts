/**
 * The classes of faults, and how each is drawn. Every run has some of them, few or many, each with an intensity of its own: a run with
 * everything a little finds less than one with two things a lot.
 */
import type { DiskOperation } from '../disk/host-disk.ts'
import type { RandomStream } from '../core/random-streams.ts'
import { askedTwice, backUnsaved, bornAgain, cutShort, lastStanding, savedInPart } from './chains.ts'
import { downMs, duration, stall } from './durations.ts'
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
  'bit-rot',
  'late-calls',
  'last-standing',
  'record-rot',
  'born-again',
  'cut-short',
  'back-unsaved',
  'asked-twice',
  'undecided',
] as const

export type FaultClass = (typeof FAULT_CLASSES)[number]

/** Who can be hit. */
export interface Targets {
  readonly nodes: readonly string[]
  /** Those of them whose disks may be lost: all that are no controllers, and one that is, where the others can do without it. */
  readonly mayBeWiped: readonly string[]
  readonly clients: readonly string[]
  /** Whether the topics promise to survive that one machine after the other loses its power; and that all do at once. */
  readonly mayLosePower: boolean
  readonly mayBlackOut: boolean
  /** Whether they promise to survive that one disk after the other is lost. */
  readonly mayLoseDisks: boolean
  /** The same controller: its metadata may rot too. Null where there are too few. */
  readonly rottingController: string | null
}

/** Draws the faults of one class over a storm of `stormMs`. */
export function drawFaults(faultClass: FaultClass, random: RandomStream, stormMs: number, targets: Targets): readonly Fault[] {
  const count = random.between(1, 1 + Math.ceil((stormMs / 1_000) * random.pick([0.1, 0.3, 0.6])))
  const draw = DRAWERS[faultClass]
  return Array.from({ length: count }, () => draw(random, random.below(Math.max(1, stormMs)), targets)).flat()
}

type Drawer = (random: RandomStream, atMs: number, targets: Targets) => Fault | readonly Fault[]

const LOG_FILES = ['.log', '__cluster_metadata']
/** Where crash points are: the operation, a part of the path, and how many of them may come before. */
const CRASH_POINTS: readonly (readonly [operation: DiskOperation, path: string, countMax: number])[] = [
  ['write', '', 20],
  ['write', 'orders', 8],
  ['write', '__cluster_metadata', 4],
  ['write', '__transaction_state', 4],
  ['write', 'quorum-state', 3],
  ['sync', '', 20],
  ['sync', 'orders', 8],
  ['sync', '__cluster_metadata', 4],
  ['sync', 'quorum-state', 3],
  ['replaceFile', '', 6],
  ['replaceFile', 'epoch', 2],
  ['syncDirectory', '', 2],
  ['rename', '', 2],
  ['truncate', '', 2],
  ['remove', '', 2],
]
/** Files that are made anew when they are damaged, and those of a controller that the others make good. */
const ROTTING_FILES = ['orders*.index', 'orders*.timeindex', 'orders*.snapshot']
const ROTTING_METADATA = ['__cluster_metadata*.log', '__cluster_metadata*quorum-state', '__cluster_metadata*.checkpoint']
const LATE_METHODS = ['alterPartitions', 'alterPartitions', 'heartbeat', 'registerBroker'] as const

const DRAWERS: Readonly<Record<FaultClass, Drawer>> = {
  crash: (random, atMs, { nodes }) => ({ atMs, kind: 'crash', node: random.pick(nodes), how: 'process', downMs: downMs(random) }),
  power: (random, atMs, { nodes, mayLosePower, mayBlackOut }) => {
    if (mayBlackOut && random.chance(0.2)) return { atMs, kind: 'blackout', downMs: downMs(random), ...stall(random) }
    const how = mayLosePower ? 'power' : 'process'
    const end = { atMs, node: victim(random, nodes), how, downMs: downMs(random) } as const
    if (random.chance(0.5)) return { ...end, kind: 'crash', ...stall(random) }
    if (random.chance(0.4)) return savedInPart(random, atMs, end.node, end)
    // With records on their way to the device, which may have some of their sectors and not others.
    const lateMs = random.pick([0, random.within(0, 3)])
    return { ...end, kind: 'crash-point', operation: 'write', path: '.log', count: random.between(1, 12), side: 'after', lateMs }
  },
  'crash-point': (random, atMs, { nodes, mayLosePower }) => {
    const [operation, path, countMax] = random.pick(CRASH_POINTS)
    return {
      atMs,
      kind: 'crash-point',
      node: victim(random, nodes),
      how: mayLosePower && random.chance(0.5) ? 'power' : 'process',
      downMs: downMs(random),
      operation,
      path,
      count: random.between(1, countMax),
      side: random.pick(['before', 'after']),
      lateMs: random.pick([0, 0, random.within(0, 3), random.within(0, 30)]),
    }
  },
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
  wipe: (random, atMs, { mayLoseDisks, mayBeWiped }) =>
    mayLoseDisks && mayBeWiped.length > 0 ? { atMs, kind: 'wipe', node: random.pick(mayBeWiped), downMs: downMs(random) } : [],
  'bit-rot': (random, atMs, { nodes, rottingController }) => {
    const rot = { atMs, kind: 'bit-rot', place: random.within(0, 1), downMs: downMs(random) } as const
    if (rottingController === null || random.chance(0.5)) return { ...rot, node: random.pick(nodes), path: random.pick(ROTTING_FILES) }
    return { ...rot, node: rottingController, path: random.pick(ROTTING_METADATA) }
  },
  'late-calls': (random, atMs, { nodes }) => ({
    atMs,
    kind: 'late-calls',
    node: random.pick(nodes),
    method: random.pick(LATE_METHODS),
    byMs: random.pick([50, 500, 3_000]),
    forMs: duration(random),
  }),
  'last-standing': lastStanding,
  'record-rot': (random, atMs, { nodes, mayLoseDisks }) =>
    mayLoseDisks ? { atMs, kind: 'record-rot', node: random.pick(nodes), place: random.within(0, 1) } : [],
  'born-again': bornAgain,
  'cut-short': cutShort,
  'back-unsaved': backUnsaved,
  'asked-twice': askedTwice,
  undecided: (random, atMs, { mayLosePower }) => ({
    atMs,
    kind: 'crash-undecided',
    place: random.within(0, 1),
    withinMs: random.between(500, 2_000),
    lateMs: random.between(5, 100),
    how: mayLosePower && random.chance(0.3) ? 'power' : 'process',
    downMs: random.between(1_000, 6_000),
  }),
}

/** The first node more often than others: it is a controller, and in many runs the only one. */
function victim(random: RandomStream, nodes: readonly string[]): string {
  const [first] = nodes
  return first !== undefined && random.chance(0.3) ? first : random.pick(nodes)
}

function pair(random: RandomStream, nodes: readonly string[], clients: readonly string[]): readonly [string, string] {
  const node = random.pick(nodes)
  const other = random.pick([...nodes, ...clients].filter((name) => name !== node))
  return random.chance(0.5) ? [node, other] : [other, node]
}
