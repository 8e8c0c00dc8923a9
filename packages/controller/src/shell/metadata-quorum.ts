/**
 * The quorum as the controller sees it: an ordered, durable log of metadata batches that says what is committed, and who may
 * add to it.
 *
 * With one voter it is a log on the local disk; with several it is replicated. The controller does not know which.
 */
import type { AddVoterCommand, ClusterImage, MetadataRecord, Outcome, QuorumDescription, RemoveVoterCommand } from '@millrace/metadata'

export interface MetadataQuorum {
  /**
   * Shows the observer what is stored and known to be committed: a snapshot if there is one, then the batches after it.
   * Resolves when that is done; what is committed later follows, and leadership comes and goes. To be called once.
   */
  start(observer: QuorumObserver): Promise<void>
  readonly leadership: Leadership
  /** Offset that the next proposed batch will have. Known while this controller is active. */
  readonly endOffset: number
  /** Makes a batch that can be proposed. Throws a `ControllerError` when it is more than the quorum takes at once. */
  encode(records: readonly MetadataRecord[]): ProposedBatch
  /**
   * Appends the batches, each atomic, in this order. Resolves when all of them are committed and the observer has seen them.
   * One call at a time. Whether they are appended, and where, is decided before this returns.
   *
   * Rejects with a `ControllerError`: with the code `notLeader` or `offline` what was proposed may or may not come to be
   * committed, and this controller is not active any more; with any other nothing was appended and the next call may succeed.
   */
  propose(batches: readonly ProposedBatch[]): Promise<void>
  /**
   * Keeps an image that the observer has reached, so that the log before it need not be kept for ever. Resolves to the size
   * of what was kept, in bytes.
   */
  saveSnapshot(image: ClusterImage): Promise<number>
  describe(): QuorumDescription
  /** Node ids of other controllers that were not heard of since the connection to them broke. */
  unreachablePeers(): readonly number[]
  /** One change at a time; answered when it is committed. Rejects with a `ControllerError` when this controller is not active. */
  addVoter(command: AddVoterCommand): Promise<Outcome>
  removeVoter(command: RemoveVoterCommand): Promise<Outcome>
  /** To the voter that is furthest when `nodeId` is null. Answered when another leads. */
  transferLeadership(nodeId: number | null): Promise<Outcome>
  /** Proposes nothing more. What the quorum was given to work with is its owner's to close. */
  close(): Promise<void>
}

/** Who leads the controllers, as far as this one knows. */
export interface Leadership {
  /** Raft's term. Batches of the metadata log carry it. Never falls. */
  readonly epoch: number
  readonly leaderId: number | null
  /** This controller leads and has applied everything that was ever committed: it may decide. */
  readonly isActive: boolean
}

export interface QuorumObserver {
  /** Replaces everything before, at the start or at any time later. Its offset is that of the last batch it includes. */
  onSnapshot(image: ClusterImage): void
  /** Batches come in order, without gaps, each once. */
  onCommitted(batch: CommittedBatch): void
  /** Called for each change, after all that was committed before it was shown. */
  onLeadership(leadership: Leadership): void
}

/** Invariant: `records` is not empty. */
export interface ProposedBatch {
  readonly records: readonly MetadataRecord[]
  /** The records as the log keeps them. Nobody changes them any more. */
  readonly bytes: Uint8Array
}

export interface CommittedBatch {
  readonly offset: number
  readonly epoch: number
  /** Empty for what the quorum writes for itself. */
  readonly records: readonly MetadataRecord[]
  /** What it takes in the log. */
  readonly sizeBytes: number
}
