/**
 * Adding a voter, removing one, and handing over the lead: each is a few steps of Raft's, with an answer for people.
 *
 * A new voter is first a learner, which receives the log and does not count, and becomes a voter when it has caught up. One
 * change at a time. What was begun and not finished can be asked for again.
 */
import type { AddVoterCommand, Outcome, RemoveVoterCommand } from '@millrace/metadata'
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { Clock } from '@millrace/runtime'
import type { MembershipChange, NodeId, RaftEvent, RaftNode, RefusalReason } from 'raft-ts'
import { isMember, isVoter } from 'raft-ts'
import { refusalOf } from './raft-requests.ts'
import { fromRaftId, toRaftId } from './voter-id.ts'

/** A learner that has not caught up by then stays one; adding it again goes on from there. */
const CATCH_UP_MS = 30_000
const CATCH_UP_CHECK_MS = 100

export interface MembershipChangesOptions {
  readonly node: () => RaftNode
  /** Resolves to null when Raft did it. */
  readonly request: (event: (context: unknown) => RaftEvent) => Promise<RefusalReason | null>
  /** Resolves to null when another node leads. */
  readonly transfer: (to: NodeId | null) => Promise<RefusalReason | null>
  readonly clock: Pick<Clock, 'monotonic' | 'setTimer'>
}

const DONE: Outcome = { errorCode: ERROR_CODES.NONE, errorMessage: null }

export class MembershipChanges {
  readonly #options: MembershipChangesOptions
  #isBusy = false

  constructor(options: MembershipChangesOptions) {
    this.#options = options
  }

  /** Rejects with a `ControllerError` when this controller does not lead, or ceases to. */
  addVoter({ nodeId, directoryId }: AddVoterCommand): Promise<Outcome> {
    return this.#alone(async () => {
      const { membership } = this.#options.node()
      const id = toRaftId({ nodeId, directoryId })
      if (isVoter(membership, id))
        return failed(ERROR_CODES.DUPLICATE_VOTER, `node ${nodeId} with directory ${directoryId} is a voter already`)
      const other = membership.voters.find((voter) => fromRaftId(voter).nodeId === nodeId)
      if (other !== undefined) {
        const problem = `node ${nodeId} is a voter with directory ${fromRaftId(other).directoryId}; remove that one first`
        return failed(ERROR_CODES.DUPLICATE_VOTER, problem)
      }
      if (!isMember(membership, id)) {
        const refusal = await this.#change({ type: 'add-learner', id })
        if (refusal !== null) return outcomeOf(refusal)
      }
      return this.#promote(id)
    })
  }

  removeVoter({ nodeId, directoryId }: RemoveVoterCommand): Promise<Outcome> {
    return this.#alone(async () => {
      const id = toRaftId({ nodeId, directoryId })
      const { membership } = this.#options.node()
      if (!isMember(membership, id)) {
        return failed(ERROR_CODES.VOTER_NOT_FOUND, `node ${nodeId} with directory ${directoryId} is no voter`)
      }
      return outcomeOf(await this.#change({ type: 'remove', id }))
    })
  }

  /** To the voter that is furthest without an id. */
  async transfer(to: NodeId | null): Promise<Outcome> {
    return outcomeOf(await this.#options.transfer(to))
  }

  async #promote(id: NodeId): Promise<Outcome> {
    const { clock } = this.#options
    const deadlineMs = clock.monotonic() + CATCH_UP_MS
    for (;;) {
      const refusal = await this.#change({ type: 'promote', id })
      if (refusal !== 'not-caught-up') return outcomeOf(refusal)
      if (clock.monotonic() >= deadlineMs) {
        const problem = `${id} has not caught up in ${CATCH_UP_MS / 1000} s and is no voter yet; see that it is reached, and add it again`
        return failed(ERROR_CODES.REQUEST_TIMED_OUT, problem)
      }
      await new Promise<void>((resolve) => clock.setTimer(CATCH_UP_CHECK_MS, resolve))
    }
  }

  #change(change: MembershipChange): Promise<RefusalReason | null> {
    return this.#options.request((context) => ({ type: 'membership-change-proposed', change, context }))
  }

  async #alone(work: () => Promise<Outcome>): Promise<Outcome> {
    if (this.#isBusy) return outcomeOf('change-in-progress')
    this.#isBusy = true
    try {
      return await work()
    } finally {
      this.#isBusy = false
    }
  }
}

function outcomeOf(refusal: RefusalReason | null): Outcome {
  switch (refusal) {
    case null:
      return DONE
    case 'change-in-progress':
      return failed(ERROR_CODES.REQUEST_TIMED_OUT, 'another change of the voters is going on; try again when it is done')
    case 'transfer-timed-out':
      return failed(ERROR_CODES.REQUEST_TIMED_OUT, 'the other controller did not take over in time')
    case 'leadership-transfer':
      return failed(ERROR_CODES.REQUEST_TIMED_OUT, 'this controller is handing over to another one')
    case 'already-a-member':
      return failed(ERROR_CODES.DUPLICATE_VOTER, 'it is a voter already')
    case 'not-a-voter':
    case 'not-a-member':
    case 'not-a-learner':
      return failed(ERROR_CODES.VOTER_NOT_FOUND, 'it is no voter')
    case 'not-caught-up':
      return failed(ERROR_CODES.REQUEST_TIMED_OUT, 'it has not caught up yet')
    case 'last-voter':
      return failed(ERROR_CODES.INVALID_REQUEST, 'it is the last voter; a quorum of nobody decides nothing')
    default:
      throw refusalOf(refusal)
  }
}

function failed(errorCode: ErrorCode, errorMessage: string): Outcome {
  return { errorCode, errorMessage }
}
