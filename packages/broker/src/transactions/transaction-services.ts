/** What a broker needs for transactions that its partitions take part in: who confirms their batches, and who writes their ends. */
import type { MetadataFeed } from '@millrace/metadata'
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { Clock, Logger, Network, Random } from '@millrace/runtime'
import type { AppendTurn } from '../partition/append-turn.ts'
import type { PartitionManager } from '../partition/partition-manager.ts'
import { PeerChannels } from '../peers/peer-channels.ts'
import { CoordinatorQuestions } from './coordinator-questions.ts'
import { MarkerWriter } from './marker-writer.ts'
import type { TransactionVerifier } from './transaction-verifier.ts'

export interface TransactionServicesOptions {
  readonly nodeId: number
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly logger: Logger
  readonly crc32c: (bytes: Uint8Array) => number
  readonly feed: MetadataFeed
  readonly partitions: PartitionManager
  readonly turn: AppendTurn
  readonly maxFrameBytes: number
  errorCodeOf(error: unknown): ErrorCode
}

/** Shorter than a producer waits, so that it is told what the matter is. */
const TIMEOUT_MS = 10_000
const NO_COORDINATOR = -1
const OFFSETS_TOPIC = '__consumer_offsets'

export class TransactionServices {
  readonly verifier: TransactionVerifier
  readonly markerWriter: MarkerWriter
  readonly #questions: PeerChannels

  constructor(options: TransactionServicesOptions) {
    const { nodeId, clock } = options
    this.#questions = new PeerChannels({ ...options, clientId: `transaction-questions-${nodeId}`, timeoutMs: TIMEOUT_MS })
    this.verifier = new CoordinatorQuestions({
      nodeId,
      clock,
      peers: this.#questions,
      coordinatorOf: () => NO_COORDINATOR,
      askHere: () => Promise.resolve(ERROR_CODES.NOT_COORDINATOR),
    })
    this.markerWriter = new MarkerWriter({
      ...options,
      offsetsTopic: OFFSETS_TOPIC,
      endOffsets: () => Promise.resolve(ERROR_CODES.NOT_LEADER_OR_FOLLOWER),
    })
  }

  close(): void {
    this.#questions.close()
  }
}
