/**
 * What every command of the controller is: a pure function of the request and of the state, giving records and an answer.
 *
 * It changes nothing. The records take effect when they are committed and applied; the answer leaves after that.
 */
import type { BrokerConfig, ClusterImage, MetadataRecord, Outcome } from '@millrace/metadata'
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'

/** Soft state: known to the active controller alone, and gathered anew by the next one. */
export interface BrokerSessionsView {
  /** The process that registered under this epoch was heard of lately. */
  isLive(brokerId: number, brokerEpoch: number): boolean
  /** Offset of the last metadata batch that the broker is known to have applied; -1 when nothing is known. */
  metadataOffset(brokerId: number): number
  /** Offset from which on the metadata show that the broker leads nothing because it stops; infinite when it does not stop. */
  shutdownOffset(brokerId: number): number
  /** The broker said that it cannot open this log. */
  hasFailed(brokerId: number, topicId: string, partition: number): boolean
}

export interface CommandContext {
  /** What is committed, and what earlier commands have in flight. */
  readonly image: ClusterImage
  /** The broker configs in force at the controller. */
  readonly config: BrokerConfig
  /** Offset that the first batch of this command will have; the others follow. */
  readonly nextOffset: number
  /** What the controller knows of the brokers beside the metadata. */
  readonly sessions: BrokerSessionsView
  /** How often the same command was decided before and had more to do; 0 at first. */
  readonly step: number
  /** An integer in [0, 2^32). Chance is drawn here and put into records, so that applying them involves none. */
  readonly random: () => number
  /** A fresh topic id. */
  readonly newTopicId: () => string
}

export interface CommandResult<Response> {
  /** Each is atomic: all of its records take effect, or none. Their order matters. */
  readonly batches: readonly (readonly MetadataRecord[])[]
  readonly response: Response
  /**
   * There is more to do than one step does: when these are applied the command is to be decided again, with the same
   * request, and only the last response counts. Each batch leaves the metadata in order, should it come to nothing after it.
   */
  readonly isPartial?: boolean
}

export type Command<Request, Response> = (request: Request, context: CommandContext) => CommandResult<Response>

/** Work in one request is bounded, so that a stated number cannot make the controller busy for long. */
export const PARTITIONS_PER_REQUEST_MAX = 10_000

/** Changes of partitions that one step of a command makes, so that deciding them keeps the loop for some milliseconds only. */
export const PARTITIONS_PER_STEP = 2_000

/** Larger work is spread over several batches where it can be divided. */
export const RECORDS_PER_BATCH = 10_000

export const SUCCESS: Outcome = { errorCode: ERROR_CODES.NONE, errorMessage: null }

export function failure(errorCode: ErrorCode, errorMessage: string): Outcome {
  return { errorCode, errorMessage }
}

export function isFailure(outcome: Outcome): boolean {
  return outcome.errorCode !== ERROR_CODES.NONE
}

/** Puts records that belong together into the fewest batches without tearing them apart. */
export function packBatches(units: readonly (readonly MetadataRecord[])[]): readonly (readonly MetadataRecord[])[] {
  const batches: MetadataRecord[][] = []
  let current: MetadataRecord[] = []
  for (const unit of units) {
    if (current.length > 0 && current.length + unit.length > RECORDS_PER_BATCH) {
      batches.push(current)
      current = []
    }
    for (const record of unit) current.push(record)
  }
  if (current.length > 0) batches.push(current)
  return batches
}

/** The keys that come more than once. */
export function repeated(keys: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const key of keys) {
    if (seen.has(key)) twice.add(key)
    seen.add(key)
  }
  return twice
}
