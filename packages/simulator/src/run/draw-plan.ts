/** Draws a run from a seed: every knob somewhere between its extremes, every class of faults on or off. */
import { type RandomStream, RandomStreams } from '../core/random-streams.ts'
import { drawFaults, FAULT_CLASSES, type FaultClass, type Targets } from '../faults/fault-classes.ts'
import type { Fault } from '../faults/fault.ts'
import type { GroupEnd, Knobs, Plan, Profile } from './plan.ts'
import type { GroupProtocol } from '../workload/groups/taking-part.ts'
import { clientNames, nodeNames } from './names.ts'

export interface DrawOptions {
  /** Time with faults; drawn when absent. */
  readonly stormMs?: number
  /** Classes of faults that are on whatever the seed says. */
  readonly always?: readonly FaultClass[]
}

export function drawPlan(profile: Profile, seed: number, options: DrawOptions = {}): Plan {
  const streams = new RandomStreams(seed)
  const random = streams.stream('plan')
  const nodes = profile === 'single' ? 1 : random.pick([3, 3, 3, 3, 3, 3, 3, 5])
  const replicationFactor = profile === 'single' ? 1 : random.pick([1, 2, 3, 3, 3])
  const mostInSync = Math.max(1, replicationFactor - 1)
  const base = {
    profile,
    seed,
    nodes,
    controllers: nodes === 1 ? 1 : random.pick([1, 1, 3, nodes]),
    partitions: random.between(1, 4),
    replicationFactor,
    minInsyncReplicas: random.chance(0.5) ? mostInSync : random.between(1, mostInSync),
    durability: random.chance(0.75) ? ('fsync' as const) : ('replicated' as const),
    idempotentProducers: random.between(1, 2),
    plainProducers: random.between(0, 1),
    consumers: random.between(1, 2),
    admins: random.pick([0, 1, 2, 2]),
    // From a stream of its own: plans without transactions are as they were.
    transactionalProducers: streams.stream('transactional producers').pick([0, 0, 1, 2, 2]),
    overtakingProducers: streams.stream('overtaking producers').pick([0, 0, 1]),
    ...NO_GROUPS,
    sendEveryMs: random.pick([5, 20, 60]),
    stormMs: options.stormMs ?? random.between(4_000, profile === 'groups' ? 8_000 : 20_000),
    knobs: drawKnobs(streams.stream('knobs')),
    ...(profile === 'groups' ? drawGroups(streams.stream('groups'), drawKnobs(streams.stream('knobs'))) : {}),
  }
  const share = streams.stream('share of fault classes').pick(CLASS_SHARES)
  const drawn = FAULT_CLASSES.filter((name) => random.chance(share) || options.always?.includes(name) === true)
  const isForPower = base.durability === 'replicated' && random.chance(0.5)
  const classes = isForPower ? drawn.filter((name) => !ENDING_PROCESSES.includes(name)) : drawn
  const knobs = knobsFor(classes, base.knobs)
  const sendEveryMs = Math.max(base.sendEveryMs, mostOftenMs(base))
  return { ...base, sendEveryMs, knobs, classes, faults: drawAll(classes, streams, base) }
}

const NO_GROUPS = {
  groups: 0,
  members: 0,
  groupProtocol: 'consumer' as const,
  groupWork: 'process' as const,
  groupEnd: 'leave' as const,
  migrationPolicy: 'bidirectional' as const,
}
const GROUP_PROTOCOLS: readonly GroupProtocol[] = [
  'eager',
  'cooperative',
  'consumer',
  'consumer',
  'eager-or-consumer',
  'cooperative-or-consumer',
]
const GROUP_ENDS: readonly GroupEnd[] = ['leave', 'die', 'die-and-fail-over', 'die-and-clocks-go-back']

/** Members instead of most other clients: a run takes as long as one without them. */
function drawGroups(random: RandomStream, knobs: Knobs): Partial<Base> {
  const groups = random.pick([1, 1, 2])
  return {
    groups,
    members: groups * random.between(1, 2) + random.between(1, 2),
    groupProtocol: random.pick(GROUP_PROTOCOLS),
    groupWork: random.pick(['process', 'copy']),
    partitions: random.between(2, 4),
    idempotentProducers: 1,
    plainProducers: 0,
    consumers: 0,
    admins: 0,
    transactionalProducers: 0,
    overtakingProducers: 0,
    sendEveryMs: random.pick([20, 60, 200]),
    groupEnd: random.pick(GROUP_ENDS),
    migrationPolicy: random.pick(['bidirectional', 'bidirectional', 'upgrade']),
    knobs: { ...knobs, valueBytesMax: Math.min(knobs.valueBytesMax, 100) },
  }
}

/**
 * All producers together write no more than half of what one connection carries: a follower behind a slower one would never
 * be in sync, and that would be nobody's fault. Nor can one that is told no more than one segment at a time.
 */
function mostOftenMs({ idempotentProducers, plainProducers, transactionalProducers, overtakingProducers, knobs }: Base): number {
  const { bytesPerMs, windowBytes, latencyMsMax, diskLatencyMsMax, valueBytesMax, indexIntervalBytes, segmentIndexBytes } = knobs
  const roundTripMs = 2 * latencyMsMax
  const carriedPerMs = Math.min(bytesPerMs, windowBytes / roundTripMs)
  const producers = idempotentProducers + plainProducers + transactionalProducers + overtakingProducers
  const recordBytes = valueBytesMax / 2 + RECORD_OVERHEAD_BYTES
  const segmentRecords = Math.floor(segmentIndexBytes / TIME_INDEX_ENTRY_BYTES) * Math.max(1, indexIntervalBytes / recordBytes)
  const segmentMs = roundTripMs + SYNCS_OF_ROLL * diskLatencyMsMax
  return Math.ceil(2 * producers * Math.max(recordBytes / carriedPerMs, segmentMs / segmentRecords))
}

const TIME_INDEX_ENTRY_BYTES = 12
const SYNCS_OF_ROLL = 4
/** Of a batch that holds one record. */
const RECORD_OVERHEAD_BYTES = 100

/**
 * How many of the classes are on: in some runs two or three, whose faults lead where they are meant to; in others nearly all, which
 * get into each other's way.
 */
const CLASS_SHARES = [0.1, 0.25, 0.5, 0.5, 0.8]

/**
 * Where topics rely on page caches, power may be cut only where no process ends by itself meanwhile; half of the runs with such topics
 * do without these, to have cuts of the power.
 */
const ENDING_PROCESSES: readonly FaultClass[] = ['crash-point', 'full', 'disk-error', 'sync-error']

/** What the faults of some classes need to have an effect. */
function knobsFor(classes: readonly FaultClass[], knobs: Knobs): Knobs {
  const withRecords = classes.includes('record-rot') ? withOldRecords(knobs) : knobs
  return classes.includes('asked-twice') ? { ...withRecords, lagTimeMaxMs: SHORT_LAG_MS } : withRecords
}

/** Who falls behind leaves the ISR before it has caught up again. */
const SHORT_LAG_MS = 700

/** Segments are closed, and known to be durable, soon enough for damage to find them. */
function withOldRecords(knobs: Knobs): Knobs {
  const { segmentMs, checkpointIntervalMs } = knobs
  return { ...knobs, segmentMs: Math.min(segmentMs, 3_000), checkpointIntervalMs: Math.min(checkpointIntervalMs, 2_000) }
}

type Base = Omit<Plan, 'classes' | 'faults'>

function drawAll(classes: readonly FaultClass[], streams: RandomStreams, plan: Base): readonly Fault[] {
  const nodes = nodeNames(plan)
  const isFsync = plan.durability === 'fsync'
  const targets: Targets = {
    nodes,
    mayBeWiped: nodes.slice(plan.controllers > 1 ? plan.controllers - 1 : plan.controllers),
    clients: clientNames(plan),
    mayLosePower: isFsync || (plan.minInsyncReplicas > 1 && !classes.some((name) => ENDING_PROCESSES.includes(name))),
    mayBlackOut: isFsync,
    mayLoseDisks: isFsync && plan.minInsyncReplicas > 1,
    rottingController: plan.controllers > 1 ? (nodes[plan.controllers - 1] ?? null) : null,
  }
  const faults = classes.flatMap((name) => drawFaults(name, streams.stream(`faults ${name}`), plan.stormMs, targets))
  return faults.toSorted((a, b) => a.atMs - b.atMs)
}

function drawKnobs(random: { pick<T>(items: readonly T[]): T }): Knobs {
  return {
    latencyMsMax: random.pick([0.2, 1, 5, 30]),
    bytesPerMs: random.pick([1_000, 20_000, 500_000]),
    chunkBytesMax: random.pick([200, 1_460, 16_384, 65_536]),
    windowBytes: random.pick([2_000, 65_536, 1_000_000]),
    diskLatencyMsMax: random.pick([0.3, 2, 10]),
    clockOffsetMsMax: random.pick([0, 100, 60_000]),
    clockDriftMax: random.pick([0, 0.001, 0.02]),
    batchBytes: random.pick([1, 500, 16_384]),
    valueBytesMax: random.pick([1, 100, 3_000]),
    maxInFlight: random.pick([1, 5]),
    indexIntervalBytes: random.pick([1, 200, 4_096]),
    segmentIndexBytes: random.pick([64, 1_024, 10_485_760]),
    segmentMs: random.pick([500, 3_000, 604_800_000]),
    checkpointIntervalMs: random.pick([200, 2_000, 60_000]),
    snapshotBytes: random.pick([500, 20_000, 4_194_304]),
    trailingEntries: random.pick([0, 5, 50_000]),
    messageLossChance: random.pick([0, 0.01, 0.05]),
    messageRepeatChance: random.pick([0, 0.05]),
    messageJitterMs: random.pick([0, 2, 30]),
    scrubIntervalMs: random.pick([1_000, 4_000]),
    lagTimeMaxMs: random.pick([SHORT_LAG_MS, 3_000, 10_000]),
  }
}
