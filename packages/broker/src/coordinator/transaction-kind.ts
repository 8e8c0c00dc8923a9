/** Binds the transaction coordinator to the runtime: transactions are kept in `__transaction_state`. */
import type {
  MachineTime,
  MarkerOutcome,
  TransactionEvent,
  TransactionRecord,
  TransactionResponse,
  TransactionSettings,
  WriteMarkers,
} from '@millrace/coordinator'
import type { CoordinatorCode, CoordinatorKind, MachinePort, MetadataNews } from './coordinator-kind.ts'
import { COORDINATOR } from './coordinator-module.ts'
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
  /** But for what no operator can set. */
  settings(): Omit<TransactionSettings, 'maxIds'>
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

  async load(): Promise<CoordinatorCode<TransactionEvent, TransactionRecord, TransactionResponse, WriteMarkers>> {
    const coordinator = await COORDINATOR.load()
    const { decodeTransactionRecord, DEFAULT_TRANSACTION_SETTINGS, encodeTransactionRecord, TransactionCoordinator } = coordinator
    const { maxIds } = DEFAULT_TRANSACTION_SETTINGS
    const { settings, takeProducerId } = this.#options
    return {
      createMachine: () =>
        new TransactionCoordinator({ settings: () => ({ ...settings(), maxIds }), takeProducerId: () => takeProducerId() }),
      encode: encodeTransactionRecord,
      decode: decodeTransactionRecord,
    }
  }

  timerEvent(key: string, time: MachineTime): TransactionEvent {
    return { type: 'timer', key, ...time }
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
      machine.post((time) => ({ type: 'markers-answered', ...time, transactionalId, producerId, producerEpoch, outcomes }))
    })
  }
}
