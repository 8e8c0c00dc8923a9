/**
 * What was asked of Raft and is not answered yet. Raft says whether it took it and where; whether that came to be committed shows
 * when the entry at that place is applied.
 */
import { CONTROLLER_ERROR_CODES, ControllerError } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import type { Accept, LogPosition, RefusalReason } from 'raft-ts'

/** Travels through Raft as the context of a request. */
interface RaftRequest {
  /** Null: it was done. Otherwise nothing was. */
  readonly resolve: (refusal: RefusalReason | null) => void
  /** It may or may not be done. */
  readonly reject: (error: ControllerError) => void
}

export class RaftRequests {
  /** In the order of their places. */
  #taken: { readonly last: LogPosition; readonly request: RaftRequest }[] = []
  /** Raft was asked to hand over. That it did shows in the status. */
  readonly #transfers = new Set<RaftRequest>()

  /**
   * Resolves to null when what was asked for is committed and applied here, and to a reason when Raft did not take it. Rejects
   * with a `ControllerError` when nobody can say any more. `ask` hands the context to Raft.
   */
  make(ask: (context: unknown) => void): Promise<RefusalReason | null> {
    return new Promise((resolve, reject) => {
      const request: RaftRequest = { resolve, reject }
      ask(request)
    })
  }

  /** The same for a transfer of the lead, which is done when this node does not lead any more. */
  makeTransfer(ask: (context: unknown) => void): Promise<RefusalReason | null> {
    return new Promise((resolve, reject) => {
      const request: RaftRequest = { resolve, reject }
      this.#transfers.add(request)
      ask(request)
    })
  }

  accepted({ context, lastIndex, term }: Accept): void {
    this.#taken.push({ last: { index: lastIndex, term }, request: context as RaftRequest })
  }

  refused(context: unknown, reason: RefusalReason): void {
    const request = context as RaftRequest
    this.#transfers.delete(request)
    request.resolve(reason)
  }

  /** An entry of another term may have taken the place of what was asked for. */
  applied({ index, term }: LogPosition): void {
    for (let first = this.#taken[0]; first !== undefined && first.last.index <= index; first = this.#taken[0]) {
      this.#taken.shift()
      if (first.last.term === term) first.request.resolve(null)
      else first.request.reject(notLeader('another controller took over before it was committed'))
    }
  }

  /** What is not committed may or may not come to be; what is will be applied. */
  leadershipLost(commitIndex: number): void {
    for (const transfer of this.#transfers) transfer.resolve(null)
    this.#transfers.clear()
    const inDoubt = this.#taken.filter(({ last }) => last.index > commitIndex)
    this.#taken = this.#taken.filter(({ last }) => last.index <= commitIndex)
    for (const { request } of inDoubt) request.reject(notLeader('this controller is not the active one any more'))
  }

  rejectAll(error: ControllerError): void {
    for (const transfer of this.#transfers) transfer.reject(error)
    this.#transfers.clear()
    const taken = this.#taken
    this.#taken = []
    for (const { request } of taken) request.reject(error)
  }
}

export function notLeader(problem: string): ControllerError {
  return new ControllerError(CONTROLLER_ERROR_CODES.notLeader, ERROR_CODES.NOT_CONTROLLER, problem)
}

/** What whoever proposed metadata is told of Raft's reasons. */
export function refusalOf(reason: RefusalReason): ControllerError {
  switch (reason) {
    case 'not-leader':
    case 'leadership-lost':
    case 'leader-not-ready':
      return notLeader('this controller is not the active one')
    case 'leadership-transfer':
      return notLeader('this controller is handing over to another one')
    case 'too-large':
      return new ControllerError(CONTROLLER_ERROR_CODES.tooLarge, ERROR_CODES.POLICY_VIOLATION, 'this is more than is committed at once')
    case 'storage-failed':
      return new ControllerError(CONTROLLER_ERROR_CODES.offline, ERROR_CODES.KAFKA_STORAGE_ERROR, 'the controller is offline')
    default:
      return new ControllerError(CONTROLLER_ERROR_CODES.busy, ERROR_CODES.REQUEST_TIMED_OUT, `the quorum cannot take it now: ${reason}`)
  }
}
