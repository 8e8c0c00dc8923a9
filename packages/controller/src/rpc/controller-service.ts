/**
 * How nodes reach controllers, whatever carries the calls: gRPC in production, the simulator's network in simulations, and
 * nothing at all where broker and controller share a process.
 */
import type { ControllerPort } from '@millrace/metadata'
import type {
  ControllerEndpoint,
  MetadataFetchRequest,
  MetadataFetchResponse,
  MetadataSnapshotChunk,
  MetadataSnapshotRequest,
} from './metadata-fetch.ts'

/**
 * What one controller offers to other nodes. It need not be the active one: any controller serves committed metadata, and one
 * that is not active rejects commands with a `ControllerError` that says who is (`leader`).
 */
export interface ControllerService extends ControllerPort {
  fetchMetadata(request: MetadataFetchRequest): Promise<MetadataFetchResponse>
  fetchMetadataSnapshot(request: MetadataSnapshotRequest): Promise<MetadataSnapshotChunk>
  /**
   * Offset of the metadata that all answers given so far rest on. Who waits until its own feed has reached it sees what it
   * was told.
   */
  metadataOffset(): number
  /**
   * Keeps a line open between a broker and the active controller, so that each side learns at once when the other is gone, and
   * the controller how far the broker has got. A controller that is not active, or ceases to be, hangs up.
   */
  attend(caller: LineCaller): Line
}

export interface LineCaller {
  readonly brokerId: number
  readonly brokerEpoch: number
  /** The other side hung up or is out of reach. Called once, and not after `hangUp`. */
  readonly onClosed: () => void
}

export interface Line {
  /** The broker has applied the metadata up to this offset. Nobody answers. */
  applied(metadataOffset: number): void
  /**
   * Ends the line. `lost`: it broke, which makes the controller doubt that the broker lives; otherwise the broker meant it.
   * Idempotent.
   */
  hangUp(reason: 'done' | 'lost'): void
}

/** A service of another node. Its calls reject with a `ControllerError` when the node is out of reach or too slow. */
export interface ControllerChannel extends ControllerService {
  /** Calls under way are rejected; further ones too. Idempotent. */
  close(): Promise<void>
}

export interface ControllerConnector {
  /** Returns at once; the connection is made when it is needed and made again when it breaks. */
  connect(endpoint: ControllerEndpoint): ControllerChannel
}
