/**
 * Faults of which one prepares the next: what breaks a cluster only when several things go wrong in one order, within moments of one
 * another, and by chance alone hardly ever does.
 */
import type { RandomStream } from '../core/random-streams.ts'
import { stall } from './durations.ts'
import type { Fault } from './fault.ts'
import type { Targets } from './fault-classes.ts'

type CrashPoint = Extract<Fault, { readonly kind: 'crash-point' }>
type LateCalls = Extract<Fault, { readonly kind: 'late-calls' | 'repeated-calls' }>

/**
 * One replica after the other leaves the ISR, the last but one by losing what only it had; then the last one, which has everything, is
 * not heard any more. Whoever comes back must not be taken for it (KIP-966).
 */
export function lastStanding(random: RandomStream, atMs: number, targets: Targets): readonly Fault[] {
  const [first, second, last] = random.shuffled(targets.nodes)
  if (first === undefined || second === undefined || last === undefined) return []
  const damagedMs = atMs + random.between(300, 1_500)
  const silentMs = damagedMs + random.between(-200, 800)
  const forMs = random.between(4_500, 8_000)
  return [
    { atMs, kind: 'crash', node: first, how: 'process', downMs: random.between(3_000, 9_000) },
    damage(random, damagedMs, second, targets),
    random.pick<Fault>([
      { atMs: silentMs, kind: 'isolate', node: last, way: 'both', forMs },
      { atMs: silentMs, kind: 'pause', node: last, forMs },
      { atMs: silentMs, kind: 'crash', node: last, how: 'process', downMs: forMs },
    ]),
  ]
}

/**
 * A replica was away, catches up and is about to be in sync again; before the controller hears of it, its disk is replaced by an
 * empty one. What was asked for on behalf of the life before must not be done for this one, which may have nothing for a while (KIP-903).
 */
export function bornAgain(random: RandomStream, atMs: number, { nodes, mayLoseDisks, mayBeWiped }: Targets): readonly Fault[] {
  if (!mayLoseDisks || mayBeWiped.length === 0) return []
  const node = random.pick(mayBeWiped)
  const downMs = random.between(400, 1_200)
  // Long enough for the next life to be registered before.
  const byMs = random.between(1_000, 4_000)
  const withinMs = random.between(2_000, 8_000)
  return [
    ...missedByLateCalls({ atMs, node, downMs, withinMs }, nodes, { kind: 'late-calls', byMs }),
    { atMs: atMs + downMs, kind: 'wipe-joining', node, withinMs, downMs: random.between(1, 10), silentMs: byMs + 1_000 },
  ]
}

/**
 * A node ends in the middle of what it does for others. For a moment before that it hears none of them, or they hear it late, one later
 * than another: what it appends meanwhile they have in part, each another part, or not at all. Who was told that it was done was told
 * too early, and who has more than the next leader gives up neither more nor less than that (KIP-101).
 */
export function cutShort(random: RandomStream, atMs: number, { nodes, mayLosePower }: Targets): readonly Fault[] {
  const node = random.pick(nodes)
  const others = nodes.filter((other) => other !== node)
  const forMs = random.between(100, 1_500)
  const isDeaf = random.chance(0.3)
  const links = others.map((other): Fault => {
    if (isDeaf) return { atMs, kind: 'cut', from: other, to: node, forMs }
    return { atMs, kind: 'clog', from: node, to: other, forMs, extraMs: random.pick([1, 20, 200, 600]) }
  })
  const how = mayLosePower && random.chance(0.5) ? 'power' : 'process'
  return [...links, { atMs: atMs + forMs, kind: 'crash', node, how, downMs: random.between(1_000, 6_000) }]
}

/**
 * The device takes long over records, and saves at once what is written about them; then the power goes. What a checkpoint says that is
 * there has to be there.
 */
export function savedInPart(
  random: RandomStream,
  atMs: number,
  node: string,
  { how, downMs }: Pick<CrashPoint, 'how' | 'downMs'>,
): readonly Fault[] {
  const place = { operation: 'replaceFile', path: 'recovery-point', side: 'after' } as const
  return [
    { atMs, kind: 'disk-stall', node, path: '.log', forMs: random.between(500, 4_000) },
    { atMs: atMs + random.between(10, 100), kind: 'crash-point', node, how, downMs, ...place, count: random.between(1, 2) },
  ]
}

/**
 * The device of a node saves nothing for seconds, and meanwhile the node is not heard for as long as it takes others to be elected. It
 * comes back with records that it has not saved, and whoever leads now must not count on them.
 */
export function backUnsaved(random: RandomStream, atMs: number, { nodes }: Targets): readonly Fault[] {
  const node = random.pick(nodes)
  const silentMs = atMs + random.between(100, 1_000)
  const forMs = random.between(1_000, 2_000)
  return [
    { atMs, kind: 'disk-stall', node, forMs: silentMs - atMs + forMs + random.between(1_000, 3_000) },
    { atMs: silentMs, kind: 'isolate', node, way: 'both', forMs },
  ]
}

/**
 * A replica was away and is about to be in sync again, and at that moment leaders do not hear it any more, only the controller does. So
 * it leaves again; and then what was asked for on its behalf comes a second time, and means a state that is gone (KIP-497).
 */
export function askedTwice(random: RandomStream, atMs: number, { nodes }: Targets): readonly Fault[] {
  const node = random.pick(nodes)
  const downMs = random.between(300, 1_000)
  const withinMs = random.between(2_000, 8_000)
  const byMs = random.between(1_500, 3_500)
  // A little late: long enough for the moment to be noticed.
  const late = { kind: 'late-calls', byMs: 50 } as const
  return [
    ...missedByLateCalls({ atMs, node, downMs, withinMs }, nodes, late, { kind: 'repeated-calls', byMs }),
    { atMs: atMs + downMs, kind: 'silence-joining', node, withinMs, silentMs: byMs + 1_000 },
  ]
}

interface Absence {
  readonly atMs: number
  readonly node: string
  readonly downMs: number
  /** After that it is about to be in sync again. */
  readonly withinMs: number
}

/** A node is away, and until it is about to be in sync again others ask late for changes of the ISR, or twice. */
function missedByLateCalls(
  { atMs, node, downMs, withinMs }: Absence,
  nodes: readonly string[],
  ...calls: readonly Pick<LateCalls, 'kind' | 'byMs'>[]
): readonly Fault[] {
  const others = nodes.filter((other) => other !== node)
  return [
    { atMs, kind: 'crash', node, how: 'process', downMs },
    ...others.flatMap((other) =>
      calls.map((call): Fault => ({ ...call, atMs, node: other, method: 'alterPartitions', forMs: downMs + withinMs })),
    ),
  ]
}

function damage(random: RandomStream, atMs: number, node: string, targets: Targets): Fault {
  const downMs = random.between(1, 500)
  const isWiped = targets.mayLoseDisks && targets.mayBeWiped.includes(node) && random.chance(0.5)
  if (isWiped) return { atMs, kind: 'wipe', node, downMs }
  return { atMs, kind: 'crash', node, how: targets.mayLosePower ? 'power' : 'process', downMs, ...stall(random) }
}
