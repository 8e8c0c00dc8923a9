/**
 * The memberships that the log holds, so that the one in force is always that of the last such entry: it takes effect when it
 * is appended, committed or not, and the one before it returns when it is truncated.
 */
import { invariant } from '../invariants.ts'
import type { Membership } from './membership.ts'

export interface MembershipAt {
  readonly index: number
  readonly membership: Membership
}

export class MembershipHistory {
  /** Invariant: ascending indexes, never empty. The first is a snapshot's, or the last one before the log's beginning. */
  #memberships: MembershipAt[]

  constructor(base: MembershipAt, later: readonly MembershipAt[] = []) {
    this.#memberships = [base, ...later.filter(({ index }) => index > base.index)]
  }

  get inForce(): Membership {
    return this.#last.membership
  }

  /** Where the membership in force was appended. */
  get inForceIndex(): number {
    return this.#last.index
  }

  /** The one in force at a position of the log that has not been compacted. */
  at(index: number): Membership {
    const found = this.#memberships.findLast((entry) => entry.index <= index)
    invariant('I16', found !== undefined, () => `the membership at ${index} is not known any more`)
    return found.membership
  }

  /** How many were appended after an index. */
  countAfter(index: number): number {
    return this.#memberships.filter((entry) => entry.index > index).length
  }

  append(index: number, membership: Membership): void {
    invariant('I4', index > this.#last.index, () => `membership at ${index} follows one at ${this.#last.index}`)
    this.#memberships.push({ index, membership })
  }

  truncateFrom(index: number): void {
    this.#memberships = this.#memberships.filter((entry, position) => position === 0 || entry.index < index)
  }

  compactTo(index: number): void {
    const base = this.#memberships.findLastIndex((entry) => entry.index <= index)
    if (base > 0) this.#memberships.splice(0, base)
  }

  replaceBySnapshot(base: MembershipAt): void {
    this.#memberships = [base]
  }

  get #last(): MembershipAt {
    const last = this.#memberships.at(-1)
    invariant('I11', last !== undefined, () => 'there is no membership')
    return last
  }
}
