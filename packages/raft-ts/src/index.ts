/** What raft-ts offers. */
export { InvariantError } from './invariants.ts'
export type { InvariantId } from './invariants.ts'
