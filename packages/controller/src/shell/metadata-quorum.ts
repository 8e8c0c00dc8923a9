/**
 * The quorum as the controller sees it: an ordered, durable log of metadata batches that says what is committed.
 *
 * With one voter it is a log on the local disk; with several it is Raft. The controller does not know which.
 */
import type { ClusterImage, MetadataRecord } from '@millrace/metadata'

export interface MetadataQuorum {
  /**
   * Shows the observer everything that is committed, from the beginning: a snapshot if there is one, then the batches after
   * it. Resolves when that is done and this controller leads; what is committed later follows. To be called once.
   */
  start(observer: QuorumObserver): Promise<void>
  /** Epoch in which this controller leads, and which its batches carry. Known after `start`. */
  readonly epoch: number
  /** Offset that the next proposed record will have. Known after `start`. */
  readonly endOffset: number
  /** Makes a batch that can be proposed. Throws a `ControllerError` when it is more than the quorum takes at once. */
  encode(records: readonly MetadataRecord[]): ProposedBatch
  /**
   * Appends the batches, each atomic, in this order. Resolves when all of them are committed and the observer has seen them.
   * One call at a time.
   *
   * Rejects with a `ControllerError`: with the code `offline` when this quorum is at its end and what was proposed may or
   * may not come to be committed; with any other when nothing was appended and the next call may succeed.
   */
  propose(batches: readonly ProposedBatch[]): Promise<void>
  /**
   * Keeps an image that the observer has reached, so that the log before it need not be kept for ever. Resolves to the size
   * of what was kept, in bytes.
   */
  saveSnapshot(image: ClusterImage): Promise<number>
  /** Proposes nothing more. What the quorum was given to work with is its owner's to close. */
  close(): Promise<void>
}

export interface QuorumObserver {
  /** Replaces everything before. Its offset is that of the last record it includes. */
  onSnapshot(image: ClusterImage): void
  /** Batches come in order, without gaps, each once. */
  onCommitted(batch: CommittedBatch): void
}

/** Invariant: `records` is not empty. */
export interface ProposedBatch {
  readonly records: readonly MetadataRecord[]
  /** The records as the log keeps them. Owned by the quorum, which stamps offset and epoch into them. */
  readonly bytes: Uint8Array
}

export interface CommittedBatch {
  readonly baseOffset: number
  readonly epoch: number
  readonly records: readonly MetadataRecord[]
  /** What it takes in the log. */
  readonly sizeBytes: number
}
