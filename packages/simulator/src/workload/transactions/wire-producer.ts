/**
 * A transactional producer that speaks the wire itself, in either protocol, one request after the other. It sends again what was not
 * answered, as clients do, and says of an end whether it knows what became of it.
 */
import {
  addOffsetsToTxnApi,
  addPartitionsToTxnApi,
  buildBatch,
  endTxnApi,
  ERROR_CODES,
  initProducerIdApi,
  isRetriable,
  produceApi,
} from '@millrace/protocol'
import type { Address, Runtime } from '@millrace/runtime'
import type { RandomStream } from '../../core/random-streams.ts'
import { COORDINATOR_KEYS, CoordinatorFinder } from '../wire/coordinator-finder.ts'
import { LeaderFinder } from '../wire/leader-finder.ts'
import { NoAnswer, type Requester } from '../wire/requester.ts'

/** The request will not be carried out, whoever repeats it. */
export class Refused extends Error {}

export type TransactionProtocol = 'first' | 'second'

export interface WireProducerOptions {
  readonly runtime: Runtime
  readonly requester: Requester
  readonly brokers: readonly Address[]
  readonly random: RandomStream
  readonly transactionalId: string
  readonly protocol: TransactionProtocol
  readonly topic: string
  readonly timeoutMs: number
  sleep(ms: number): Promise<void>
}

/** Who writes and commits in its transaction. */
export interface TransactionalIdentity {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

interface EndRequest extends TransactionalIdentity {
  readonly committed: boolean
}

interface Attempt {
  readonly errorCode: number
}

interface Answered<A> {
  readonly answer: A
  /** An earlier attempt may have been carried out. */
  readonly isUnsure: boolean
}

/** For so long what was not answered is asked again. */
export const PATIENCE_MS = 15_000
const PAUSE_MS = 60
const ENDING_PAUSE_MS = 15
const VERSIONS = { first: { init: 4, produce: 11, end: 4 }, second: { init: 5, produce: 12, end: 5 } } as const
const { NONE, CONCURRENT_TRANSACTIONS } = ERROR_CODES

/** Answers of a coordinator that has certainly done nothing. */
const UNTOUCHED: ReadonlySet<number> = new Set([CONCURRENT_TRANSACTIONS, ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS])

export class WireProducer {
  readonly #options: WireProducerOptions
  readonly #coordinator: CoordinatorFinder
  readonly #leaders: LeaderFinder
  #producerId = -1
  #producerEpoch = -1
  readonly #sequences = new Map<number, number>()
  readonly #added = new Set<number>()

  constructor(options: WireProducerOptions) {
    this.#options = options
    const { transactionalId, topic, ...finding } = options
    this.#coordinator = new CoordinatorFinder({ ...finding, keyType: COORDINATOR_KEYS.transaction, key: transactionalId })
    this.#leaders = new LeaderFinder({ ...finding, topic })
  }

  /** Shuts out who had the id before. Rejects with `Refused` when that does not work. */
  async begin(): Promise<void> {
    const { transactionalId, timeoutMs, requester } = this.#options
    const request = { transactionalId, transactionTimeoutMs: timeoutMs }
    const { answer } = await this.#patiently(async () =>
      requester.ask(await this.#coordinator.find(), initProducerIdApi, this.#versions.init, request),
    )
    if (answer.errorCode !== NONE) throw new Refused(`begins: ${answer.errorCode}`)
    this.#goOnAs(answer)
  }

  /** One batch. Resolves with the offset of its first record when all in-sync replicas have it. Rejects with `Refused`. */
  async append(partition: number, ...values: readonly string[]): Promise<number> {
    if (this.#options.protocol === 'first') await this.#add(partition)
    const sequence = this.#sequences.get(partition) ?? 0
    const request = this.#produceRequest(partition, sequence, values)
    const { answer } = await this.#patiently(async () => {
      const leader = await this.#leaders.find(partition)
      const { responses } = await this.#options.requester.ask(leader, produceApi, this.#versions.produce, request)
      return responses[0]?.partitionResponses[0] ?? { errorCode: ERROR_CODES.UNKNOWN_SERVER_ERROR, baseOffset: -1 }
    })
    if (answer.errorCode !== NONE) throw new Refused(`appends: ${answer.errorCode}`)
    this.#sequences.set(partition, sequence + values.length)
    return answer.baseOffset
  }

  /** Offsets of that group count if the transaction does. `attempt` asks the group's coordinator. Rejects with `Refused`. */
  async commitOffsets(groupId: string, attempt: (identity: TransactionalIdentity) => Promise<Attempt>): Promise<void> {
    if (this.#options.protocol === 'first') await this.#addOffsets(groupId)
    const { answer } = await this.#patiently(() => attempt(this.#identity))
    if (answer.errorCode !== NONE) throw new Refused(`commits offsets: ${answer.errorCode}`)
  }

  /** `maybe`: it was asked for, and nobody said what became of it. Only after the other two can the producer go on. */
  async end(result: 'commit' | 'abort', patienceMs = PATIENCE_MS): Promise<'committed' | 'aborted' | 'refused' | 'maybe'> {
    const { protocol } = this.#options
    const request = this.#endRequest(result)
    const { answer, isUnsure } = await this.#patiently(() => this.#askForEnd(request), patienceMs).catch((error: unknown) => {
      if (error instanceof Refused) return { answer: null, isUnsure: true }
      throw error
    })
    if (answer === null || answer.errorCode !== NONE) return isUnsure ? 'maybe' : 'refused'
    this.#added.clear()
    if (protocol === 'second') this.#goOnAs(answer)
    return result === 'commit' ? 'committed' : 'aborted'
  }

  /** Asks for the end once, and does not wait to hear of it. This producer cannot go on. */
  leave(result: 'commit' | 'abort'): void {
    this.#askForEnd(this.#endRequest(result)).catch((error: unknown) => {
      if (!(error instanceof NoAnswer)) throw error
    })
  }

  #endRequest(result: 'commit' | 'abort'): EndRequest {
    return { ...this.#identity, committed: result === 'commit' }
  }

  async #askForEnd(request: EndRequest) {
    return this.#options.requester.ask(await this.#coordinator.find(), endTxnApi, this.#versions.end, request)
  }

  get #versions(): (typeof VERSIONS)[TransactionProtocol] {
    return VERSIONS[this.#options.protocol]
  }

  get #identity(): TransactionalIdentity {
    return { transactionalId: this.#options.transactionalId, producerId: this.#producerId, producerEpoch: this.#producerEpoch }
  }

  #goOnAs({ producerId, producerEpoch }: { readonly producerId: number; readonly producerEpoch: number }): void {
    this.#producerId = producerId
    this.#producerEpoch = producerEpoch
    this.#sequences.clear()
    this.#added.clear()
  }

  async #add(partition: number): Promise<void> {
    if (this.#added.has(partition)) return
    const { transactionalId, topic, requester } = this.#options
    const request = {
      v3AndBelowTransactionalId: transactionalId,
      v3AndBelowProducerId: this.#producerId,
      v3AndBelowProducerEpoch: this.#producerEpoch,
      v3AndBelowTopics: [{ name: topic, partitions: [partition] }],
    }
    const { answer } = await this.#patiently(async () => {
      const { resultsByTopicV3AndBelow } = await requester.ask(await this.#coordinator.find(), addPartitionsToTxnApi, 3, request)
      return { errorCode: resultsByTopicV3AndBelow[0]?.resultsByPartition[0]?.partitionErrorCode ?? ERROR_CODES.UNKNOWN_SERVER_ERROR }
    })
    if (answer.errorCode !== NONE) throw new Refused(`adds: ${answer.errorCode}`)
    this.#added.add(partition)
  }

  async #addOffsets(groupId: string): Promise<void> {
    const request = { ...this.#identity, groupId }
    const { answer } = await this.#patiently(async () =>
      this.#options.requester.ask(await this.#coordinator.find(), addOffsetsToTxnApi, 3, request),
    )
    if (answer.errorCode !== NONE) throw new Refused(`adds a group: ${answer.errorCode}`)
  }

  #produceRequest(partition: number, baseSequence: number, values: readonly string[]) {
    const { runtime, transactionalId, topic } = this.#options
    const records = buildBatch({
      records: values.map((value) => ({ timestamp: runtime.clock.now(), key: null, value: new TextEncoder().encode(value), headers: [] })),
      producerId: this.#producerId,
      producerEpoch: this.#producerEpoch,
      baseSequence,
      isTransactional: true,
      crc32c: runtime.crc32c,
    })
    return { transactionalId, acks: -1, timeoutMs: 3_000, topicData: [{ name: topic, partitionData: [{ index: partition, records }] }] }
  }

  /** Asks until there is an answer that is none to wait for. Rejects with `Refused` when that takes too long. */
  async #patiently<A extends Attempt>(attempt: () => Promise<A>, patienceMs = PATIENCE_MS): Promise<Answered<A>> {
    const { runtime, sleep } = this.#options
    const untilMs = runtime.clock.monotonic() + patienceMs
    let isUnsure = false
    while (runtime.clock.monotonic() < untilMs) {
      const answer = await attempt().catch((error: unknown) => {
        if (error instanceof NoAnswer) return null
        throw error
      })
      if (answer !== null && !isRetriable(answer.errorCode)) return { answer, isUnsure }
      if (answer === null || !UNTOUCHED.has(answer.errorCode)) {
        isUnsure = true
        this.#coordinator.forget()
        this.#leaders.forget()
      }
      await sleep(answer?.errorCode === CONCURRENT_TRANSACTIONS ? ENDING_PAUSE_MS : PAUSE_MS)
    }
    throw new Refused('nobody answered in time')
  }
}
