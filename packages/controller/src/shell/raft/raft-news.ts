/**
 * What the log says of Raft here: each change of role, term and leader, one line each.
 *
 * A follower that hears its leader and cannot reach it loses and finds it with every heartbeat, for as long as that lasts. Of those
 * losses one is told in a while; who has lost its leader for good says so again when it asks for votes.
 */
import type { Clock, Logger } from '@millrace/runtime'
import type { NodeStatus } from 'raft-ts'
import type { VoterId } from './voter-id.ts'

const LOSS_INTERVAL_MS = 10_000

type Told = Pick<NodeStatus, 'role' | 'term' | 'leader'>

export class RaftNews {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #tell: (fields: Told) => void
  #told: Told | null = null
  #lossToldMs = Number.NEGATIVE_INFINITY

  /** Alone there is nothing that anybody would want to know. */
  constructor(clock: Clock, logger: Logger, isAlone: boolean) {
    this.#clock = clock
    this.#logger = logger
    this.#tell = (fields) => (isAlone ? logger.debug('raft changed', fields) : logger.info('raft changed', fields))
  }

  statusIs({ role, term, leader }: NodeStatus): void {
    const told = this.#told
    const isOnlyLeader = told?.role === role && told.term === term
    if (isOnlyLeader && told.leader === leader) return
    if (isOnlyLeader && leader === null && !this.#isLossDue()) return
    this.#told = { role, term, leader }
    this.#tell(this.#told)
  }

  /** Nobody sends it anything until then, and its broker waits. Who takes it for one of the voters finds here why it stands still. */
  hasNoVote({ nodeId, directoryId }: VoterId): void {
    const command = `cluster add-controller ${nodeId} --directory-id ${directoryId} --at HOST:PORT`
    this.#logger.warn('this controller has no vote; it waits until it is given one', { nodeId, command })
  }

  #isLossDue(): boolean {
    const now = this.#clock.monotonic()
    if (now - this.#lossToldMs < LOSS_INTERVAL_MS) return false
    this.#lossToldMs = now
    return true
  }
}
