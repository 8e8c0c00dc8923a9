/**
 * Broken invariants. They are asserted in production: a node that finds one broken has met a bug or a broken promise of
 * its storage, and going on could lose what was promised. It must stop, keep its data, and be looked at.
 *
 * The numbers are cited in comments, messages and tests:
 *
 * - I1   one leader per term
 * - I2   term, vote within a term, commit and applied index never go back
 * - I3   applied <= commit <= last index; durable <= last index
 * - I4   the log has no gaps, and terms never decrease along it
 * - I5   nothing at or below the commit index is ever truncated
 * - I6   the same index and term mean the same entry everywhere
 * - I7   a committed entry is durable on a quorum of the membership in force
 * - I8   a new leader holds every committed entry
 * - I9   what a leader believes a peer holds, the peer holds durably
 * - I10  next > match; what is in flight is counted exactly and is nothing when idle
 * - I11  a leader has at most one uncommitted membership in its log
 * - I12  a learner, a recovering or a failed node never campaigns; the latter two never grant a vote either
 * - I13  a message of another group or for another node is dropped
 * - I14  a leader never receives entries from another leader of its own term
 * - I15  no response leaves before what it claims is durable
 * - I16  a snapshot reaches no further than what was applied, and its membership is committed
 * - I17  equal applied indexes mean equal states
 * - I18  storage completes in the order it was asked
 *
 * One node alone can see I2-I5, I10-I16 and I18. The rest is seen from outside, by the checkers of this package's tests.
 */
export type InvariantId = `I${number}`

/** Never caught by this package and never to be caught and ignored: stop the node, keep its data. */
export class InvariantError extends Error {
  readonly code = 'ERR_RAFT_INVARIANT'
  readonly invariant: InvariantId

  constructor(invariant: InvariantId, message: string) {
    super(`${invariant}: ${message}`)
    this.name = 'InvariantError'
    this.invariant = invariant
  }
}

/** The message is a function, so that a check that holds costs a comparison and no string. */
export function invariant(id: InvariantId, holds: boolean, message: () => string): asserts holds {
  if (!holds) throw new InvariantError(id, message())
}
