/**
 * By when something has to be heard of a member, or it is fenced.
 *
 * A heartbeat only moves the deadline; the timer stays where it was set, and is set anew when it fires too early. So members cost one
 * timer each, however often they are heard of. Deadlines are not stored: a new coordinator gives everybody their whole time again.
 */
import { timerKey } from '../group/timer-key.ts'
import type { GroupTurn } from '../group/turn.ts'

/**
 * session: nothing was heard of the member. revocation: it was told to give something up and did not. join and sync: it speaks the
 * classic protocol, was told to join anew, or has joined, and did not do what follows.
 */
export const DEADLINE_KINDS = ['session', 'revocation', 'join', 'sync'] as const
export type DeadlineKind = (typeof DEADLINE_KINDS)[number]

export interface Deadline {
  readonly kind: DeadlineKind
  readonly groupId: string
  readonly memberId: string
}

interface Pending {
  readonly deadline: Deadline
  dueMs: number
  /** When the timer fires: not after `dueMs`. */
  timerMs: number
}

export class MemberDeadlines {
  readonly #pending = new Map<string, Pending>()
  #sessionCount = 0

  /** How many members are expected to be heard of. */
  get sessionCount(): number {
    return this.#sessionCount
  }

  set(turn: GroupTurn, deadline: Deadline, dueMs: number): void {
    const key = keyOf(deadline)
    const known = this.#pending.get(key)
    if (known !== undefined && known.timerMs <= dueMs) {
      known.dueMs = dueMs
      return
    }
    if (known === undefined && deadline.kind === 'session') this.#sessionCount += 1
    this.#pending.set(key, { deadline, dueMs, timerMs: dueMs })
    turn.setTimer(timerKey('consumer-member', key), dueMs)
  }

  has(deadline: Deadline): boolean {
    return this.#pending.has(keyOf(deadline))
  }

  clear(turn: GroupTurn, deadline: Deadline): void {
    const key = keyOf(deadline)
    if (!this.#pending.delete(key)) return
    if (deadline.kind === 'session') this.#sessionCount -= 1
    turn.cancelTimer(timerKey('consumer-member', key))
  }

  /** The timer of a deadline fired: gives the deadline, if it has passed and was not moved meanwhile. */
  passed(turn: GroupTurn, key: string): Deadline | null {
    const pending = this.#pending.get(key)
    if (pending === undefined) return null
    if (pending.dueMs > turn.monotonicMs) {
      pending.timerMs = pending.dueMs
      turn.setTimer(timerKey('consumer-member', key), pending.dueMs)
      return null
    }
    this.#pending.delete(key)
    if (pending.deadline.kind === 'session') this.#sessionCount -= 1
    return pending.deadline
  }
}

function keyOf({ kind, groupId, memberId }: Deadline): string {
  return `${kind} ${groupId.length} ${groupId} ${memberId}`
}
