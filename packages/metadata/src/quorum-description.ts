/** The controllers as an operator sees them: who leads, who votes, how far everybody is. */

export interface QuorumDescription {
  /** -1 while nobody is known to lead. */
  readonly leaderId: number
  readonly leaderEpoch: number
  /** End of what is committed, as an offset of the metadata log. */
  readonly highWatermark: number
  readonly voters: readonly ReplicaLag[]
  /** Controllers without a vote, and brokers that are no controllers and were heard of by the one that is active. */
  readonly observers: readonly ReplicaLag[]
  /** Where the controllers are reached. */
  readonly nodes: readonly QuorumNode[]
}

export interface ReplicaLag {
  readonly nodeId: number
  readonly directoryId: string
  /** -1 when it is not known. */
  readonly logEndOffset: number
  /** Wall clock; -1 when it is not known. */
  readonly lastFetchMs: number
  /** Wall clock; -1 when it is not known. */
  readonly lastCaughtUpMs: number
}

export interface QuorumNode {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

export interface AddVoterCommand {
  readonly nodeId: number
  readonly directoryId: string
  readonly host: string
  readonly port: number
}

export interface RemoveVoterCommand {
  readonly nodeId: number
  readonly directoryId: string
}
