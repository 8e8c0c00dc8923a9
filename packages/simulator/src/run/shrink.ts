/**
 * Makes a failing plan smaller as long as it fails in the same way: an earlier end, fewer faults, fewer clients, tamer knobs.
 *
 * Each attempt is a run, so the number of attempts is bounded; what is left then is as small as it got.
 */
import type { Fault } from '../faults/fault.ts'
import type { Plan } from './plan.ts'

export interface ShrinkOptions {
  /** Whether a plan still fails in the way that is looked for. */
  readonly fails: (plan: Plan) => Promise<boolean>
  readonly attemptsMax: number
  readonly onSmaller?: (plan: Plan) => void
}

export async function shrink(plan: Plan, { fails, attemptsMax, onSmaller }: ShrinkOptions): Promise<Plan> {
  let smallest = plan
  let attemptsLeft = attemptsMax
  const attempt = async (candidate: Plan): Promise<boolean> => {
    if (attemptsLeft === 0) return false
    attemptsLeft -= 1
    if (!(await fails(candidate))) return false
    smallest = candidate
    onSmaller?.(candidate)
    return true
  }
  for (let before: Plan | null = null; before !== smallest && attemptsLeft > 0; ) {
    before = smallest
    await shortenStorm(smallest, attempt)
    await removeFaults(() => smallest, attempt)
    for (const simpler of simplerWorkloads(smallest)) await attempt({ ...smallest, ...simpler })
    for (const tamer of tamerKnobs(smallest)) await attempt({ ...smallest, knobs: { ...smallest.knobs, ...tamer } })
  }
  return smallest
}

type Attempt = (candidate: Plan) => Promise<boolean>

async function shortenStorm(plan: Plan, attempt: Attempt): Promise<void> {
  for (const part of [0.25, 0.5, 0.75, 0.9]) {
    const stormMs = Math.floor(plan.stormMs * part)
    if (await attempt({ ...plan, stormMs, faults: plan.faults.filter(({ atMs }) => atMs < stormMs) })) return
  }
}

/** Delta debugging: larger pieces first, then smaller ones. */
async function removeFaults(current: () => Plan, attempt: Attempt): Promise<void> {
  for (let pieceSize = Math.ceil(current().faults.length / 2); pieceSize >= 1; pieceSize = pieceSize === 1 ? 0 : Math.ceil(pieceSize / 2)) {
    for (let from = 0; from < current().faults.length; ) {
      const { faults } = current()
      const without: readonly Fault[] = [...faults.slice(0, from), ...faults.slice(from + pieceSize)]
      if (!(await attempt({ ...current(), faults: without }))) from += pieceSize
    }
  }
}

function simplerWorkloads(plan: Plan): readonly Partial<Plan>[] {
  const fewer = (name: keyof typeof CLIENT_WORDS | 'groups' | 'partitions', least: number): Partial<Plan>[] => {
    const named = namesOf(plan.faults)
    const isNamed = name !== 'partitions' && name !== 'groups' && named.some((host) => host.startsWith(CLIENT_WORDS[name]))
    return plan[name] > least && !isNamed ? [{ [name]: least }] : []
  }
  return [
    ...fewer('admins', 0),
    ...fewer('plainProducers', 0),
    ...fewer('consumers', 0),
    ...fewer('idempotentProducers', 1),
    ...fewer('overtakingProducers', 0),
    ...fewer('groups', Math.min(1, plan.groups)),
    ...fewer('members', Math.min(2, plan.members)),
    ...fewer('partitions', 1),
  ]
}

const CLIENT_WORDS = {
  admins: 'admin',
  plainProducers: 'plain',
  consumers: 'consumer',
  idempotentProducers: 'producer',
  overtakingProducers: 'overtaker',
  members: 'member',
} as const

function namesOf(faults: readonly Fault[]): readonly string[] {
  return faults.flatMap((fault) => ('from' in fault ? [fault.from, fault.to] : 'node' in fault ? [fault.node] : []))
}

/** One at a time, towards what is usual. */
function tamerKnobs({ knobs }: Plan): readonly Partial<Plan['knobs']>[] {
  const usual: Plan['knobs'] = {
    latencyMsMax: 1,
    bytesPerMs: 500_000,
    chunkBytesMax: 65_536,
    windowBytes: 1_000_000,
    diskLatencyMsMax: 2,
    clockOffsetMsMax: 0,
    clockDriftMax: 0,
    batchBytes: 16_384,
    valueBytesMax: 1,
    maxInFlight: 5,
    indexIntervalBytes: 4_096,
    segmentIndexBytes: 10_485_760,
    segmentMs: 604_800_000,
    checkpointIntervalMs: 60_000,
    snapshotBytes: 4_194_304,
    trailingEntries: 50_000,
    scrubIntervalMs: 5_000,
    messageLossChance: 0,
    messageRepeatChance: 0,
    messageJitterMs: 0,
    lagTimeMaxMs: 10_000,
  }
  return Object.entries(usual).flatMap(([name, value]) => (knobs[name as keyof typeof usual] === value ? [] : [{ [name]: value }]))
}
