/** A replica machine in some state, told apart by what a test says of it. */
import type { LeaderAnswered } from '../replica/events.ts'
import { assertInvariants, marksOf } from '../replica/invariants.ts'
import type { ReplicaEffect } from '../replica/effects.ts'
import type { ReplicaEvent } from '../replica/events.ts'
import { type Assignment, initialState, type LeaderRole, type ReplicaSettings, type ReplicaState } from '../replica/state.ts'
import { step } from '../replica/step.ts'

export const OWN = 1
export const LAG_MS = 10_000
export const SETTINGS: ReplicaSettings = { minInsyncReplicas: 1, isFsync: true, isUncleanAllowed: false, lagTimeMaxMs: LAG_MS }
/** Brokers 1, 2 and 3, each in its first life. */
export const BROKERS: ReadonlyMap<number, number> = new Map([
  [1, 11],
  [2, 12],
  [3, 13],
])

export const ASSIGNMENT: Assignment = {
  leader: OWN,
  leaderEpoch: 5,
  partitionEpoch: 7,
  replicas: [1, 2, 3],
  isr: [1, 2, 3],
  recoveryState: 'recovered',
}

export interface SceneOptions {
  readonly assignment?: Partial<Assignment>
  readonly settings?: Partial<ReplicaSettings>
  readonly highWatermark?: number
  readonly endOffset?: number
  readonly brokers?: ReadonlyMap<number, number>
}

/** Steps a machine, and asserts its invariants after each. */
export class ReplicaScene {
  readonly state: ReplicaState
  nowMs = 100_000
  endOffset: number
  #assignment: Assignment
  #settings: ReplicaSettings
  brokers: ReadonlyMap<number, number>

  constructor({ assignment = {}, settings = {}, highWatermark = 0, endOffset = 0, brokers = BROKERS }: SceneOptions = {}) {
    this.#settings = { ...SETTINGS, ...settings }
    this.#assignment = { ...ASSIGNMENT, ...assignment }
    this.brokers = brokers
    this.endOffset = endOffset
    this.state = initialState(OWN, this.#settings, highWatermark)
    this.assign()
  }

  get leader(): LeaderRole {
    if (this.state.role.type !== 'leader') throw new Error('it does not lead')
    return this.state.role
  }

  step(event: ReplicaEvent): readonly ReplicaEffect[] {
    const before = marksOf(this.state)
    const effects = step(this.state, event)
    const wasCut = effects.some(({ type }) => type === 'truncate' || type === 'reset')
    assertInvariants(before, this.state, wasCut)
    return effects
  }

  assign(change: Partial<Assignment> = {}, settings: Partial<ReplicaSettings> = {}): readonly ReplicaEffect[] {
    this.#assignment = { ...this.#assignment, ...change }
    this.#settings = { ...this.#settings, ...settings }
    const { brokers, endOffset, nowMs } = this
    return this.step({
      type: 'assigned',
      assignment: this.#assignment,
      settings: this.#settings,
      brokers,
      endOffset,
      ownOffset: endOffset,
      nowMs,
    })
  }

  /** All of it counts unless said otherwise. */
  append(endOffset: number, ownOffset: number = endOffset): readonly ReplicaEffect[] {
    this.endOffset = endOffset
    return this.step({ type: 'log-moved', endOffset, ownOffset, nowMs: this.nowMs })
  }

  fetch(replicaId: number, fetchOffset: number, brokerEpoch: number = 10 + replicaId): readonly ReplicaEffect[] {
    return this.step({ type: 'follower-fetched', replicaId, fetch: { brokerEpoch, fetchOffset, logStartOffset: 0 }, nowMs: this.nowMs })
  }

  pass(ms: number): readonly ReplicaEffect[] {
    this.nowMs += ms
    return this.step({ type: 'time-passed', nowMs: this.nowMs })
  }

  setBrokers(brokers: ReadonlyMap<number, number>): readonly ReplicaEffect[] {
    this.brokers = brokers
    return this.step({ type: 'brokers-changed', brokers, nowMs: this.nowMs })
  }

  /** The controller answers what it was asked last. */
  answer(errorCode: number, over: { readonly isr?: readonly number[]; readonly partitionEpoch?: number } = {}): readonly ReplicaEffect[] {
    const change = this.leader.pending
    if (change === null) throw new Error('nothing was asked')
    const { leaderEpoch, partitionEpoch, newIsr } = change
    const answer = { errorCode: errorCode as never, leaderEpoch, partitionEpoch: partitionEpoch + 1, isr: newIsr, ...over }
    return this.step({ type: 'isr-answered', change, answer, nowMs: this.nowMs })
  }

  /** The leader answers a fetch; an empty answer of the right epoch unless said otherwise. */
  leaderAnswers(over: Partial<Omit<LeaderAnswered, 'type'>> = {}): readonly ReplicaEffect[] {
    return this.step({
      type: 'leader-answered',
      askedEpoch: this.state.leaderEpoch,
      errorCode: 0,
      hasRecords: false,
      highWatermark: this.state.highWatermark,
      logStartOffset: 0,
      divergingEpoch: null,
      ownEnd: null,
      ownLogStartOffset: 0,
      ownEndOffset: this.endOffset,
      ...over,
    })
  }
}
