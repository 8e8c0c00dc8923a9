/**
 * Faults of which one prepares the next: what breaks a cluster only when several things go wrong in one order, within moments of one
 * another, and by chance alone hardly ever does.
 */
import type { RandomStream } from '../core/random-streams.ts'
import { stall } from './durations.ts'
import type { Fault } from './fault.ts'
import type { Targets } from './fault-classes.ts'

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
export function bornAgain(random: RandomStream, atMs: number, node: string, { nodes }: Targets): readonly Fault[] {
  const downMs = random.between(400, 1_200)
  const byMs = random.between(500, 3_000)
  const late = nodes
    .filter((other) => other !== node)
    .map((other): Fault => ({ atMs, kind: 'late-calls', node: other, method: 'alterPartitions', byMs, forMs: downMs + 4_000 }))
  const wipedMs = atMs + downMs + random.between(100, 100 + byMs)
  // It tells a controller that it is back, and gets nothing of what it lost.
  const silent = nodes
    .slice(1)
    .filter((other) => other !== node)
    .map((other): Fault => ({ atMs: wipedMs, kind: 'cut', from: node, to: other, forMs: byMs + 1_000 }))
  return [
    { atMs, kind: 'crash', node, how: 'process', downMs },
    ...late,
    { atMs: wipedMs, kind: 'wipe', node, downMs: random.between(1, 10) },
    ...silent,
  ]
}

function damage(random: RandomStream, atMs: number, node: string, targets: Targets): Fault {
  const downMs = random.between(1, 500)
  const isWiped = targets.mayLoseDisks && targets.mayBeWiped.includes(node) && random.chance(0.5)
  if (isWiped) return { atMs, kind: 'wipe', node, downMs }
  return { atMs, kind: 'crash', node, how: targets.mayLosePower ? 'power' : 'process', downMs, ...stall(random) }
}
