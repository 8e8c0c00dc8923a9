/** What a node is told once, when it is made: who it is, how patient it is, how much it may hold, and what its disk remembers. */
import type { LogPosition, NodeId } from './entries.ts'
import { isWellFormedMembership, type Membership } from './membership/membership.ts'
import type { SnapshotMeta } from './messages.ts'

export interface RaftOptions {
  readonly id: NodeId
  /** Names the group of nodes that replicate one log. */
  readonly groupId: string
  /** How long a follower waits for a leader at least; at most it is nearly twice as long. */
  readonly electionTicks?: number
  readonly heartbeatTicks?: number
  /**
   * Answer reads without asking the others while a lease runs, which is half of `electionTicks`. Off by default: it holds only
   * while no node's ticks come at twice the pace of another's, and while a driver that was stopped says so (`isStalled`).
   */
  readonly leaseReads?: boolean
  readonly limits?: Partial<RaftLimits>
  /** The only chance there is: an integer between 0 and 2^32 - 1. */
  readonly random: () => number
  /** What the disk remembers. A node that was never started has none of it but, where it founds the group, a snapshot at index 0. */
  readonly initial: InitialState
}

export interface InitialState {
  readonly hardState: HardState
  readonly snapshot: SnapshotMeta
  readonly log: InitialLog
  /**
   * What the application's own state stands for; it is restored from the snapshot where that reaches further.
   * Invariant: it never passes the end of the durable log.
   */
  readonly appliedIndex: number
  /**
   * This start has found that the log may have lost entries which this node once acknowledged (damage, a cut tail). It then takes
   * part in no election until it has again whatever was committed. Whoever finds that out writes it to the hard state before it
   * repairs anything, or a crash in between would leave a log that looks whole.
   */
  readonly isRecovering?: boolean
}

/** Small and always durable before a message of its term leaves. */
export interface HardState {
  readonly term: number
  readonly votedFor: NodeId | null
  /** A hint, written along with other things: a node that starts from an older one finds out again what is committed. */
  readonly commitIndex: number
  /**
   * Up to here the log was durable when this was written, and has not been cut back since: a log that ends before it has lost
   * something, though nothing in it may show that. A hint as well: the log may reach further.
   */
  readonly durableIndex: number
  /** The node still lacks what it may have lost; a restart does not make up for that. */
  readonly isRecovering: boolean
}

/** Of a node that was never started. */
export const NEW_HARD_STATE: HardState = { term: 0, votedFor: null, commitIndex: 0, durableIndex: 0, isRecovering: false }

/** What storage knows about its log without reading it. All of it is durable. */
export interface InitialLog {
  /** The position before the first entry that can be read: 0, or where the log was compacted. */
  readonly compacted: LogPosition
  readonly lastIndex: number
  /** Where each term that occurs in the log begins, in order. */
  readonly termStarts: readonly LogPosition[]
  /** The memberships that occur in the log, in order. */
  readonly memberships: readonly { readonly index: number; readonly membership: Membership }[]
}

export interface RaftLimits {
  readonly entriesPerMessage: number
  /** One entry may exceed it alone. */
  readonly bytesPerMessage: number
  /** What a proposal of several entries may add up to. */
  readonly bytesPerProposal: number
  readonly inFlightMessages: number
  readonly inFlightBytes: number
  /** What a leader accepts before any of it is committed. */
  readonly uncommittedBytes: number
  /** Entries that are durable are kept in memory up to this size, for followers that are not far behind. */
  readonly recentBytes: number
  readonly bytesPerApply: number
  /** How many writes storage may have before it. What comes meanwhile is written together by the next one. */
  readonly writesInFlight: number
  readonly waitingReads: number
  readonly snapshotChunkBytes: number
  readonly snapshotChunksInFlight: number
  /**
   * So many ticks a follower that is being sent a snapshot may be silent, and so many more are the entries kept which it needs after
   * it. Meanwhile `compactableIndex` does not advance.
   */
  readonly entriesKeptTicks: number
  /** A learner this close to the end of the leader's log may become a voter. */
  readonly promotionLagEntries: number
}

const MIB = 1024 * 1024

export const DEFAULT_LIMITS: RaftLimits = {
  entriesPerMessage: 1024,
  bytesPerMessage: MIB,
  bytesPerProposal: 8 * MIB,
  inFlightMessages: 256,
  inFlightBytes: 8 * MIB,
  uncommittedBytes: 64 * MIB,
  recentBytes: 16 * MIB,
  bytesPerApply: 4 * MIB,
  writesInFlight: 4,
  waitingReads: 10_000,
  snapshotChunkBytes: MIB,
  snapshotChunksInFlight: 2,
  entriesKeptTicks: 1200,
  promotionLagEntries: 1000,
}

/** The options as the node uses them, complete and checked. */
export interface RaftConfig {
  readonly id: NodeId
  readonly groupId: string
  readonly electionTicks: number
  readonly heartbeatTicks: number
  readonly leaseReads: boolean
  readonly limits: RaftLimits
  readonly random: () => number
}

/** Options that cannot work, or a disk that contradicts itself. The node is not made. */
export class RaftConfigError extends Error {
  readonly code = 'ERR_RAFT_CONFIG'

  constructor(message: string) {
    super(message)
    this.name = 'RaftConfigError'
  }
}

/** Ticks of 50 ms make this a heartbeat each 100 ms and an election after 600 to 1,200 ms. */
const DEFAULT_ELECTION_TICKS = 12
const DEFAULT_HEARTBEAT_TICKS = 2

export function checkedConfig(options: RaftOptions): RaftConfig {
  const { id, groupId, random } = options
  const electionTicks = options.electionTicks ?? DEFAULT_ELECTION_TICKS
  const heartbeatTicks = options.heartbeatTicks ?? DEFAULT_HEARTBEAT_TICKS
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  demand(id !== '', 'id must not be empty')
  demand(isPositive(heartbeatTicks), `heartbeatTicks must be a positive integer, not ${heartbeatTicks}`)
  demand(isPositive(electionTicks) && electionTicks > heartbeatTicks, `electionTicks (${electionTicks}) must exceed heartbeatTicks`)
  for (const [name, value] of Object.entries(limits)) demand(isPositive(value), `limits.${name} must be a positive integer, not ${value}`)
  demand(limits.bytesPerProposal <= limits.uncommittedBytes, 'limits.uncommittedBytes must have room for limits.bytesPerProposal')
  return { id, groupId, electionTicks, heartbeatTicks, leaseReads: options.leaseReads ?? false, limits, random }
}

/** A disk that contradicts itself is reported before anything is built on it. */
export function checkInitialState({ hardState, snapshot, log, appliedIndex }: InitialState): void {
  const { compacted, lastIndex, termStarts, memberships } = log
  const lastTerm = termStarts.at(-1)?.term ?? compacted.term
  demand(compacted.index <= lastIndex, `the log ends at ${lastIndex}, before its beginning at ${compacted.index}`)
  demand(compacted.index <= snapshot.index, `the log begins after ${compacted.index}, and the snapshot covers ${snapshot.index} only`)
  demand(
    snapshot.index <= lastIndex,
    `the log ends at ${lastIndex}, before the snapshot at ${snapshot.index}: reset it to the snapshot first`,
  )
  demand(lastTerm <= hardState.term, `the log has entries of term ${lastTerm}, and the hard state says ${hardState.term}`)
  demand(appliedIndex <= lastIndex, `the application's state (${appliedIndex}) passes the end of the durable log (${lastIndex})`)
  demand((compacted.index === lastIndex) === (termStarts.length === 0), 'termStarts must say the term of every entry, and of no other')
  demand(termStarts.length === 0 || termStarts[0]?.index === compacted.index + 1, 'termStarts must begin with the first entry')
  let previous = compacted
  for (const start of termStarts) {
    demand(start.index > previous.index && start.term >= previous.term && start.index <= lastIndex, 'termStarts must ascend')
    previous = start
  }
  demand(
    memberships.every(({ index }) => index > compacted.index && index <= lastIndex),
    'memberships must lie within the log',
  )
  for (const { membership } of [snapshot, ...memberships]) {
    demand(isWellFormedMembership(membership), 'a membership must be sorted, unique, and nobody voter and learner at once')
  }
}

function demand(holds: boolean, problem: string): asserts holds {
  if (!holds) throw new RaftConfigError(`raft cannot start: ${problem}`)
}

function isPositive(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0
}
