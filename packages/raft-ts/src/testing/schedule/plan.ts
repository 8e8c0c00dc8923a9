/**
 * What will be done to a group, decided beforehand from a seed: its size, its limits, its weather, and every step. Each kind of
 * fault is on or off and has its own strength, since a fault that is always there hides others. Each step has a seed of its own, so
 * that a step does the same when another is left out: that makes a plan that fails a plan that can be made smaller.
 */
import type { RaftLimits } from '../../index.ts'
import { SeededRandom } from '../seeded-random.ts'
import type { NetworkFaults } from './simulated-network.ts'

export interface Setup {
  readonly voters: number
  readonly heartbeatTicks: number
  readonly electionTicks: number
  readonly limits: Partial<RaftLimits>
  /** Those of every other server, where they are different: servers need not agree on them. */
  readonly otherLimits: Partial<RaftLimits> | null
  readonly network: NetworkFaults
  /** Reads may go by a lease. Time then passes for all alike, and who was stopped knows it: that is what leases ask for. */
  readonly leaseReads: boolean
  /** How likely the effects of an event are not asked for before the next one. */
  readonly deferral: number
  /** Whose writes take ten times as long as those of the others, if anybody's. */
  readonly slowDisk: string
  /** Whose application keeps its state by itself; others have it from snapshot and log after each start. */
  readonly keepers: readonly string[]
  /** A snapshot after each so many entries; 0 for none that nobody asks for. */
  readonly snapshotEvery: number
  /**
   * One disk forgets the end of its log; or disks are wiped, and servers with other names take their places. More than that may be
   * more than the group survives. With `amnesia` a server keeps its name when its disk is wiped, which a driver must never do.
   */
  readonly loss: 'none' | 'damage' | 'wipe' | 'amnesia'
  /** Ticks before the storm: a young group is only ever waiting for its first leader. */
  readonly warmUp: number
}

/** What can be done to a group. */
export type ActionName =
  | 'deliver'
  | 'tick'
  | 'write'
  | 'work'
  | 'rush'
  | 'propose'
  | 'read'
  | 'crash'
  | 'crash-midway'
  | 'storage-failure'
  | 'wipe'
  | 'restart'
  | 'part'
  | 'heal'
  | 'isolate'
  | 'pause'
  | 'campaign'
  | 'snapshot'
  | 'transfer'
  | 'change'
  | 'stall'
  | 'stall-disk'
  | 'unreachable'

export interface Step {
  readonly action: ActionName
  readonly seed: number
}

export interface Plan {
  readonly seed: number
  readonly setup: Setup
  readonly steps: readonly Step[]
}

export const SERVERS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const

/** The ticks that the package advises. */
const USUAL_TICKS = { heartbeatTicks: 2, electionTicks: 12 }

export function drawPlan(seed: number, steps: number): Plan {
  const random = new SeededRandom(seed)
  const sometimes = (strength: number): number => (random.chance(0.5) ? strength * ((random.below(100) + 1) / 100) : 0)
  const setup = drawSetup(random, sometimes)
  const weather = drawWeather(random, sometimes, setup)
  const weights = Object.entries(weather) as [ActionName, number][]
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0)
  const drawn = Array.from({ length: steps }, () => ({ action: random.pickWeighted(weights, total) ?? 'tick', seed: random.uint32() }))
  return { seed, setup, steps: drawn }
}

function drawSetup(random: SeededRandom, sometimes: (strength: number) => number): Setup {
  const voters = random.pick([1, 2, 3, 3, 3, 4, 5]) ?? 3
  const network = { drop: sometimes(0.2), duplicate: sometimes(0.2), reorder: sometimes(1), stray: sometimes(0.1) }
  const heartbeatTicks = random.between(1, 2)
  const ticks = random.chance(0.3) ? USUAL_TICKS : { heartbeatTicks, electionTicks: heartbeatTicks + random.between(2, 8) }
  return {
    voters,
    ...ticks,
    limits: drawLimits(random),
    otherLimits: random.chance(0.3) ? drawLimits(random) : null,
    network,
    leaseReads: random.chance(0.2),
    deferral: sometimes(0.5),
    slowDisk: random.pick(['', ...SERVERS]) ?? '',
    keepers: SERVERS.filter(() => random.chance(0.3)),
    snapshotEvery: random.chance(0.3) ? 10 : 0,
    loss: voters < 3 ? 'none' : (random.pick(['none', 'damage', 'wipe'] as const) ?? 'none'),
    warmUp: random.below(60),
  }
}

/** Small, so that short runs reach them, and each now and then as small as can be. */
function drawLimits(random: SeededRandom): Partial<RaftLimits> {
  const limit = (high: number, low = 1): number => (random.chance(0.25) ? low : random.between(low, high))
  return {
    entriesPerMessage: limit(4),
    bytesPerMessage: limit(400),
    inFlightMessages: limit(5),
    inFlightBytes: limit(1000),
    uncommittedBytes: limit(2000, 200),
    bytesPerProposal: 200,
    recentBytes: limit(1000),
    bytesPerApply: limit(400),
    writesInFlight: limit(4),
    waitingReads: limit(20),
    snapshotChunkBytes: limit(20, 4),
    snapshotChunksInFlight: limit(3),
    entriesKeptTicks: limit(40),
    promotionLagEntries: limit(10),
  }
}

function drawWeather(random: SeededRandom, sometimes: (strength: number) => number, { loss }: Setup): Readonly<Record<ActionName, number>> {
  const weather = {
    deliver: random.between(5, 20),
    tick: random.between(5, 20),
    write: random.between(1, 20),
    work: random.between(1, 20),
    rush: random.between(10, 40),
    propose: random.between(5, 30),
    read: sometimes(30),
    crash: sometimes(12),
    'crash-midway': sometimes(8),
    'storage-failure': sometimes(3),
    wipe: loss === 'wipe' ? 1 : 0,
    restart: 6,
    part: sometimes(8),
    heal: random.between(1, 5),
    isolate: sometimes(8),
    pause: sometimes(12),
    campaign: sometimes(5),
    snapshot: sometimes(12),
    transfer: sometimes(5),
    // A group that shrinks while a member has forgotten may be left with nobody who may vote.
    change: loss === 'damage' ? 0 : sometimes(12),
    stall: sometimes(4),
    'stall-disk': sometimes(4),
    unreachable: sometimes(4),
  }
  return weather
}
