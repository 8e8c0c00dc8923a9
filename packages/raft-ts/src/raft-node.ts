/**
 * One member of one group: events go in by `step`, effects come out by `drain`. It does no I/O, reads no clock, waits for nothing
 * and draws chance only from what it was given, so that the same events lead to the same effects wherever it runs.
 */
import type { RaftOptions } from './config.ts'
import { drain, statusOf } from './drain.ts'
import type { Effect, NodeStatus } from './effects.ts'
import type { LogPosition, NodeId } from './entries.ts'
import type { RaftEvent } from './events.ts'
import { initialState } from './initial-state.ts'
import type { Membership } from './membership/membership.ts'
import type { SnapshotMeta } from './messages.ts'
import type { ProgressState } from './replication/progress.ts'
import { checkSelf, milestonesOf } from './self-check.ts'
import { compactableIndex, snapshotMetaAt } from './snapshot/own-snapshots.ts'
import type { RaftState } from './state.ts'
import { step } from './step.ts'

/** How far a leader believes one of the others to be. */
export interface PeerProgress {
  readonly id: NodeId
  readonly state: ProgressState
  readonly matchIndex: number
  readonly nextIndex: number
  readonly inFlightMessages: number
  readonly inFlightBytes: number
  /** Ticks since it last answered; `null` when it has not answered this leader yet. */
  readonly silentTicks: number | null
  /** Ticks since it last was known to hold all of the leader's log; `null` when it never was. */
  readonly laggingTicks: number | null
}

export class RaftNode {
  readonly #raft: RaftState
  #reported: NodeStatus | null = null
  /** What was found broken. Nothing goes on after that. */
  #broken: unknown = null

  constructor(options: RaftOptions) {
    this.#raft = initialState(options)
  }

  /** Takes one event. Throws only when an invariant is broken: then this node must stop, and its data be kept as it is. */
  step(event: RaftEvent): void {
    this.#guarded(() => {
      const before = milestonesOf(this.#raft)
      step(this.#raft, event)
      checkSelf(this.#raft, before)
    })
  }

  /** What is to be done after the events since the last call, in order. */
  drain(): readonly Effect[] {
    return this.#guarded(() => {
      const effects = drain(this.#raft)
      const status = this.status
      if (!isSameStatus(status, this.#reported)) effects.unshift({ type: 'report-status', status })
      this.#reported = status
      return effects
    })
  }

  get status(): NodeStatus {
    return statusOf(this.#raft)
  }

  /** The one in force: that of the last such entry in the log, committed or not. */
  get membership(): Membership {
    return this.#raft.memberships.inForce
  }

  get lastLog(): LogPosition {
    return this.#raft.log.last
  }

  get commitIndex(): number {
    return this.#raft.log.commitIndex
  }

  get appliedIndex(): number {
    return this.#raft.log.appliedIndex
  }

  get durableIndex(): number {
    return this.#raft.log.durableIndex
  }

  /** Entries that are kept in memory, by their size. */
  get recentBytes(): number {
    return this.#raft.log.recentBytes
  }

  /** `undefined` for what the log does not hold, or does not hold any more. */
  termAt(index: number): number | undefined {
    return this.#raft.log.termAt(index)
  }

  /**
   * What a snapshot of the application's state at this index, which it has applied, is to be stored with; `null` when it need not
   * be taken any more, because one that reaches further has come from the leader.
   */
  snapshotMetaAt(index: number): SnapshotMeta | null {
    return snapshotMetaAt(this.#raft, index)
  }

  /** Entries up to here may be removed from storage. It is wise to keep some more, for followers that are only a little behind. */
  get compactableIndex(): number {
    return compactableIndex(this.#raft)
  }

  /** Of a leader; empty for everybody else. */
  peers(): readonly PeerProgress[] {
    const { role, timers } = this.#raft
    if (role.type !== 'leader') return []
    const since = (tick: number | null): number | null => (tick === null ? null : timers.now - tick)
    return [...role.peers].map(([id, { state, matchIndex, nextIndex, inFlight, heardTick, caughtUpTick }]) => ({
      id,
      state,
      matchIndex,
      nextIndex,
      inFlightMessages: inFlight.messages,
      inFlightBytes: inFlight.bytes,
      silentTicks: since(heardTick),
      laggingTicks: since(caughtUpTick),
    }))
  }

  #guarded<T>(work: () => T): T {
    if (this.#broken !== null) throw this.#broken
    try {
      return work()
    } catch (error) {
      this.#broken = error
      throw error
    }
  }
}

function isSameStatus(status: NodeStatus, other: NodeStatus | null): boolean {
  return (
    other !== null &&
    status.role === other.role &&
    status.term === other.term &&
    status.leader === other.leader &&
    status.isReady === other.isReady &&
    status.isRecovering === other.isRecovering
  )
}
