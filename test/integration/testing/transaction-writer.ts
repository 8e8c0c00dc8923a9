/**
 * A producer with a transactional id that goes on through the loss of brokers: request by request, each sent to whoever has to answer it
 * now, and sent again as long as its answer says that this may help. In the second protocol of transactions.
 */
import {
  type ApiDefinition,
  type Decoded,
  type Encodable,
  endTxnApi,
  ERROR_CODES,
  errorName,
  findCoordinatorApi,
  initProducerIdApi,
  isRetriable,
  type MessageDefinition,
  metadataApi,
  produceApi,
} from '@millrace/protocol'
import { batchOf } from './partition-calls.ts'
import { WireConnection } from './wire-connection.ts'

const PAUSE_MS = 20
const DEADLINE_MS = 60_000

export type Outcome = 'committed' | 'aborted'

export class TransactionWriter implements AsyncDisposable {
  readonly #bootstrap: readonly string[]
  readonly #transactionalId: string
  readonly #connections = new Map<string, Promise<WireConnection>>()
  readonly #sequences = new Map<number, number>()
  #producerId = -1
  #producerEpoch = -1

  constructor(brokers: string, transactionalId: string) {
    this.#bootstrap = brokers.split(',')
    this.#transactionalId = transactionalId
  }

  async begin(): Promise<void> {
    const request = { transactionalId: this.#transactionalId, transactionTimeoutMs: 60_000 }
    const answer = await this.#surely('init', this.#coordinator, initProducerIdApi, 5, request, (body) => body.errorCode)
    this.#goOn(answer)
  }

  /** The value in every partition, and no end. */
  async leaveOpen(topic: string, partitions: readonly number[], value: string): Promise<void> {
    await Promise.all(partitions.map((partition) => this.#produce(topic, partition, value)))
  }

  /** The value in every partition, and then the end. Aborts where a partition says that it must be. */
  async write(topic: string, partitions: readonly number[], value: string, wanted: Outcome): Promise<Outcome> {
    const written = await Promise.all(partitions.map((partition) => this.#produce(topic, partition, value)))
    const outcome = written.every((isWritten) => isWritten) ? wanted : 'aborted'
    await this.#end(outcome)
    return outcome
  }

  /** False: the transaction can only be aborted. */
  async #produce(topic: string, partition: number, value: string): Promise<boolean> {
    const baseSequence = this.#sequences.get(partition) ?? 0
    const producer = { producerId: this.#producerId, producerEpoch: this.#producerEpoch, baseSequence, isTransactional: true }
    const request = (): Encodable<(typeof produceApi)['request']> => ({
      transactionalId: this.#transactionalId,
      acks: -1,
      timeoutMs: 10_000,
      topicData: [{ name: topic, partitionData: [{ index: partition, records: batchOf([value], producer) }] }],
    })
    const leader = (): Promise<string> => this.#leader(topic, partition)
    const codeOf = (body: Decoded<(typeof produceApi)['response']>): number => body.responses[0]?.partitionResponses[0]?.errorCode ?? -1
    const answer = await this.#surely('produce', leader, produceApi, 12, request(), codeOf, [ERROR_CODES.TRANSACTION_ABORTABLE])
    if (codeOf(answer) !== ERROR_CODES.NONE) return false
    this.#sequences.set(partition, baseSequence + 1)
    return true
  }

  async #end(outcome: Outcome): Promise<void> {
    const producer = { producerId: this.#producerId, producerEpoch: this.#producerEpoch }
    const request = { transactionalId: this.#transactionalId, ...producer, committed: outcome === 'committed' }
    this.#goOn(await this.#surely('end', this.#coordinator, endTxnApi, 5, request, (body) => body.errorCode))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections.values()) await connection.then((open) => open[Symbol.asyncDispose]()).catch(() => {})
  }

  #goOn({ producerId, producerEpoch }: { readonly producerId: number; readonly producerEpoch: number }): void {
    this.#producerId = producerId
    this.#producerEpoch = producerEpoch
    this.#sequences.clear()
  }

  /** `accepted`: codes that are answers too. */
  async #surely<Req extends MessageDefinition, Res extends MessageDefinition>(
    what: string,
    where: () => Promise<string>,
    api: ApiDefinition<Req, Res>,
    version: number,
    request: Encodable<Req>,
    codeOf: (body: Decoded<Res>) => number,
    accepted: readonly number[] = [],
  ): Promise<Decoded<Res>> {
    const deadlineMs = performance.now() + DEADLINE_MS
    for (let last = ''; ; ) {
      try {
        const body = await (await this.#connection(await where())).call(api, version, request)
        const code = codeOf(body)
        if (code === ERROR_CODES.NONE || accepted.includes(code)) return body
        last = errorName(code)
        if (!isRetriable(code)) throw new Refused(`${what} was refused: ${last}`)
      } catch (error) {
        if (error instanceof Refused) throw error
        // The broker is gone, or was not there yet.
        last = String(error)
      }
      if (performance.now() > deadlineMs) throw new Error(`${what} was not done in ${DEADLINE_MS} ms; at last: ${last}`)
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }

  readonly #coordinator = async (): Promise<string> => {
    const request = { keyType: 1, coordinatorKeys: [this.#transactionalId] }
    const { coordinators } = await this.#anybody((connection) => connection.call(findCoordinatorApi, 4, request))
    const [found] = coordinators
    if (found === undefined || found.errorCode !== ERROR_CODES.NONE) throw new Error(`no coordinator: ${errorName(found?.errorCode ?? -1)}`)
    return `${found.host}:${found.port}`
  }

  async #leader(topic: string, partition: number): Promise<string> {
    const { topics, brokers } = await this.#anybody((connection) => connection.call(metadataApi, 9, { topics: [{ name: topic }] }))
    const leaderId = topics[0]?.partitions.find(({ partitionIndex }) => partitionIndex === partition)?.leaderId
    const leader = brokers.find(({ nodeId }) => nodeId === leaderId)
    if (leader === undefined) throw new Error(`${topic}-${partition} has no leader`)
    return `${leader.host}:${leader.port}`
  }

  /** Asks the brokers one after the other. */
  async #anybody<Answer>(ask: (connection: WireConnection) => Promise<Answer>): Promise<Answer> {
    let last: unknown
    for (const address of this.#bootstrap) {
      try {
        return await ask(await this.#connection(address))
      } catch (error) {
        last = error
      }
    }
    throw last
  }

  #connection(address: string): Promise<WireConnection> {
    const known = this.#connections.get(address)
    if (known !== undefined) return known
    const [host = '', port = ''] = address.split(':')
    const opening = WireConnection.open({ host, port: Number(port) })
    this.#connections.set(address, opening)
    const forget = (): void => void this.#connections.delete(address)
    opening.then((connection) => void connection.closed.then(forget), forget)
    return opening
  }
}

/** Asking again does not help. */
class Refused extends Error {}
