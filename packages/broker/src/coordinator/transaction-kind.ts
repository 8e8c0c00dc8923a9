/** Binds the transaction coordinator to the runtime: transactions are kept in `__transaction_state`. */
import {
  type CoordinatorMachine,
  decodeTransactionRecord,
  encodeTransactionRecord,
  type MarkerOutcome,
  TransactionCoordinator,
  type TransactionEffect,
  type TransactionEvent,
  type TransactionRecord,
  type TransactionResponse,
  type TransactionSettings,
  type WriteMarkers,
} from '@millrace/coordinator'
import type { CoordinatorKind, EncodedRecord, MachinePort, MetadataNews } from './coordinator-kind.ts'
import { TRANSACTION_STATE } from './internal-topics.ts'

/** Tells partitions how their transactions ended, wherever their leaders are. */
export interface MarkerSender {
  /**
   * One attempt at each partition; `onOutcomes` is told what became of it, in as many parts as it likes. The markers carry
   * `coordinatorEpoch`, by which partitions know a coordinator that is none any more.
   */
  send(markers: WriteMarkers, coordinatorEpoch: number, onOutcomes: (outcomes: readonly MarkerOutcome[]) => void): void
}

export interface TransactionKindOptions {
  readonly markers: MarkerSender
  settings(): TransactionSettings
  /** Null when there is none at hand; it is being fetched. */
  takeProducerId(): number | null
}

export class TransactionKind implements CoordinatorKind<TransactionEvent, TransactionRecord, TransactionResponse, WriteMarkers> {
  readonly topic = TRANSACTION_STATE
  /** Transactions that are about to end hold up the readers of all that they wrote to. */
  readonly isEager = true
  readonly #options: TransactionKindOptions

  constructor(options: TransactionKindOptions) {
    this.#options = options
  }

  createMachine(): CoordinatorMachine<TransactionEvent, TransactionRecord, TransactionEffect> {
    const { settings, takeProducerId } = this.#options
    return new TransactionCoordinator({ settings: () => settings(), takeProducerId: () => takeProducerId() })
  }

  encode(record: TransactionRecord): EncodedRecord {
    return encodeTransactionRecord(record)
  }

  decode(key: Uint8Array, value: Uint8Array | null): TransactionRecord {
    return decodeTransactionRecord(key, value)
  }

  timerEvent(key: string, nowMs: number): TransactionEvent {
    return { type: 'timer', key, nowMs }
  }

  /** A producer may go on by another connection. */
  disconnectedEvent(): null {
    return null
  }

  /** Partitions that are deleted show when their markers are written. */
  metadataNews(): MetadataNews<TransactionEvent> {
    return { events: [], concernsAll: false }
  }

  perform(markers: WriteMarkers, machine: MachinePort<TransactionEvent>): void {
    const { transactionalId, producerId, producerEpoch } = markers
    this.#options.markers.send(markers, machine.leaderEpoch, (outcomes) => {
      machine.post((nowMs) => ({ type: 'markers-answered', nowMs, transactionalId, producerId, producerEpoch, outcomes }))
    })
  }
}
