/**
 * The member ids that were given out to newcomers of all classic groups and did not come back yet. Whoever asks for one costs memory
 * for a session's time, half an hour if it likes, so there are only so many: the oldest goes when there is one too many.
 */
import type { ClassicState } from './state.ts'

/** Of one partition of the internal topic. A client comes back with its id within a round trip. */
const PENDING_MEMBERS_MAX = 10_000

export class PendingMembers {
  readonly #groups = new Map<string, ClassicState>()

  /** Gives the group that an older id was taken from, if there were too many. */
  add(state: ClassicState, memberId: string, deadlineMs: number): ClassicState | null {
    state.pendingMembers.set(memberId, deadlineMs)
    this.#groups.set(memberId, state)
    if (this.#groups.size <= PENDING_MEMBERS_MAX) return null
    const [oldestId, oldest] = this.#groups.entries().next().value as [string, ClassicState]
    this.remove(oldest, oldestId)
    return oldest
  }

  remove(state: ClassicState, memberId: string): void {
    if (state.pendingMembers.delete(memberId)) this.#groups.delete(memberId)
  }
}
