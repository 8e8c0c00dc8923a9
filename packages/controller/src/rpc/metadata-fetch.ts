/**
 * How nodes that are no controllers follow the metadata: they pull what is committed, from any controller.
 *
 * An observer names the last entry it has applied by offset and epoch. Only committed entries are handed out, so observers
 * never take anything back; should the two not fit what the controller has, something is badly wrong, and the answer is an
 * alarm instead of data.
 */

/** Asks for the committed entries after one. Waits at the controller until there are some, or the time is up. */
export interface MetadataFetchRequest {
  readonly clusterId: string
  /** Who asks: its node id. */
  readonly nodeId: number
  /** Offset of the last entry that was applied; -1 before the first. */
  readonly offset: number
  /** Epoch of that entry; -1 before the first. */
  readonly epoch: number
  /** Of batches in one answer. At least one batch is answered even if it is larger. */
  readonly maxBytes: number
  /** How long to wait for something new. The answer is then empty. */
  readonly maxWaitMs: number
}

export type MetadataFetchResponse = (FetchedBatches | FetchedSnapshot | LaggingController | MetadataAlarm) & {
  /** The active controller as far as the answering one knows; null while there is none. */
  readonly leader: ControllerEndpoint | null
}

export interface FetchedBatches {
  readonly type: 'batches'
  /** In order and without gaps from the offset that was asked for; empty when nothing new came. */
  readonly batches: readonly MetadataBatch[]
}

/** One entry of the metadata log. */
export interface MetadataBatch {
  readonly offset: number
  /** Epoch of the controller that wrote it. */
  readonly epoch: number
  /** The record batch as it lies in the log. */
  readonly bytes: Uint8Array
}

/** The log does not reach back to what was asked for: a snapshot has to be fetched first, in pieces. */
export interface FetchedSnapshot {
  readonly type: 'snapshot'
  readonly snapshot: MetadataSnapshotId
}

/** The controller itself has not got as far as the observer. Nothing is wrong: it may catch up, and another one is ahead. */
export interface LaggingController {
  readonly type: 'lagging'
  /** Offset of the last entry it has applied. */
  readonly offset: number
}

/**
 * The observer must stop and tell people. `other-cluster`: it belongs to another cluster. `diverged`: what it has applied was
 * never committed here; one of the two has lost or invented metadata.
 */
export interface MetadataAlarm {
  readonly type: 'alarm'
  readonly reason: 'other-cluster' | 'diverged'
  /** A sentence for people, with the values. */
  readonly message: string
}

export interface MetadataSnapshotId {
  /** Offset of the last entry that it includes. */
  readonly offset: number
  readonly epoch: number
}

export interface MetadataSnapshotRequest {
  readonly clusterId: string
  readonly snapshot: MetadataSnapshotId
  /** In bytes from the beginning of the snapshot. */
  readonly position: number
  readonly maxBytes: number
}

/** The snapshot's bytes are those of a snapshot file: they carry their own checksum. */
export interface MetadataSnapshotChunk {
  /** Of the whole snapshot; null: the controller has this snapshot no more, and another one is to be asked for. */
  readonly sizeBytes: number | null
  readonly bytes: Uint8Array
}

/** Where a controller is reached by other nodes. */
export interface ControllerEndpoint {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}
