/**
 * A broker that only answers fetches of replicas, from logs that are lists of batches in the test's hands. It keeps fetch
 * sessions as KIP-227 has them, waits when there is nothing to tell, and hurries when the next request comes.
 */
import { decodeRequest, decodeRequestHeader, encodeResponseFrame, ERROR_CODES, fetchApi, joinChunks } from '@millrace/protocol'
import type { Decoded, Encodable, ErrorCode, fetchRequest, fetchResponse } from '@millrace/protocol'
import type { Connection, Network } from '@millrace/runtime'
import { FramedConnections } from './framed-connections.ts'
import type { StillClock } from './still-clock.ts'

export type FetchRequest = Decoded<typeof fetchRequest>
type Asked = FetchRequest['topics'][number]['partitions'][number] & { readonly topicId: string }
type PartitionAnswer = Encodable<typeof fetchResponse>['responses'][number]['partitions'][number]

/** What the leader has of a partition: one byte a record, and its high watermark. */
export class FakeLog {
  records: number[] = []
  highWatermark = 0
  errorCode: ErrorCode = ERROR_CODES.NONE
  diverging: { readonly epoch: number; readonly endOffset: number } | null = null
  /** What followers were last heard to ask, by broker id. */
  lastAsked: Asked | null = null
}

export class FakeLeader {
  readonly logs = new Map<string, FakeLog>()
  /** In the order in which they came. */
  readonly requests: FetchRequest[] = []
  /** Answers that carried records, by partition. */
  readonly sentRecords: string[] = []
  sessionSlots = 10
  /** Answers every request with this. */
  sessionError: ErrorCode = ERROR_CODES.NONE
  readonly #clock: StillClock
  readonly #sessions = new Map<number, { epoch: number; readonly asked: Map<string, Asked>; readonly told: Map<string, number> }>()
  readonly #connections = new FramedConnections((connection, frame) => this.#serve(connection, frame))
  #nextSession = 100
  /** Of the request that waits, if one does. */
  #finish: (() => void) | null = null

  constructor(clock: StillClock) {
    this.#clock = clock
  }

  listen(network: Network, host: string, port: number): Promise<void> {
    return this.#connections.listen(network, host, port)
  }

  log(topicId: string, index = 0): FakeLog {
    const key = `${topicId}/${index}`
    let log = this.logs.get(key)
    if (log === undefined) this.logs.set(key, (log = new FakeLog()))
    return log
  }

  /** Appends records and tells whoever waits. */
  append(topicId: string, ...records: readonly number[]): void {
    this.log(topicId).records.push(...records)
    this.#finish?.()
  }

  /** As when the process ends. */
  hangUp(): void {
    this.#connections.hangUp()
  }

  forgetSessions(): void {
    this.#sessions.clear()
  }

  #serve(connection: Connection, frame: Uint8Array): void {
    this.#finish?.()
    const header = decodeRequestHeader(frame)
    const request = decodeRequest(fetchApi, header, frame)
    this.requests.push(request)
    const respond = (body: Encodable<typeof fetchResponse>): void => {
      connection.write([joinChunks(encodeResponseFrame(fetchApi, header.apiVersion, header.correlationId, body))])
    }
    const { errorCode, sessionId, asked, told } = this.#resolve(request)
    if (errorCode !== ERROR_CODES.NONE) return respond({ throttleTimeMs: 0, errorCode, sessionId: 0, responses: [] })
    const finish = (): void => {
      timer.cancel()
      if (this.#finish === finish) this.#finish = null
      respond({ throttleTimeMs: 0, errorCode, sessionId, responses: this.#answers(asked, told) })
    }
    const timer = this.#clock.setTimer(request.maxWaitMs, finish)
    this.#finish = finish
    if (this.#answers(asked, new Map(told), false).length > 0 && (told.size === 0 || this.#hasNews(asked))) finish()
  }

  #resolve({ sessionId, sessionEpoch, topics, forgottenTopicsData }: FetchRequest) {
    const named = topics.flatMap(({ topicId, partitions }) => partitions.map((partition) => ({ ...partition, topicId })))
    for (const asked of named) this.log(asked.topicId, asked.partition).lastAsked = asked
    const nothing = { sessionId: 0, asked: new Map<string, Asked>(), told: new Map<string, number>() }
    if (this.sessionError !== ERROR_CODES.NONE) return { ...nothing, errorCode: this.sessionError }
    if (sessionEpoch <= 0) {
      const asked = new Map(named.map((partition) => [`${partition.topicId}/${partition.partition}`, partition]))
      const told = new Map<string, number>()
      if (this.#sessions.size >= this.sessionSlots) return { errorCode: ERROR_CODES.NONE, sessionId: 0, asked, told }
      const id = this.#nextSession++
      this.#sessions.set(id, { epoch: 1, asked, told })
      return { errorCode: ERROR_CODES.NONE, sessionId: id, asked, told }
    }
    const session = this.#sessions.get(sessionId)
    if (session === undefined) return { ...nothing, errorCode: ERROR_CODES.FETCH_SESSION_ID_NOT_FOUND }
    if (session.epoch !== sessionEpoch) return { ...nothing, errorCode: ERROR_CODES.INVALID_FETCH_SESSION_EPOCH }
    session.epoch += 1
    for (const partition of named) session.asked.set(`${partition.topicId}/${partition.partition}`, partition)
    for (const { topicId, partitions } of forgottenTopicsData) for (const index of partitions) session.asked.delete(`${topicId}/${index}`)
    return { errorCode: ERROR_CODES.NONE, sessionId, asked: session.asked, told: session.told }
  }

  #hasNews(asked: ReadonlyMap<string, Asked>): boolean {
    return [...asked].some(([key, { fetchOffset }]) => {
      const log = this.logs.get(key) ?? new FakeLog()
      return log.errorCode !== ERROR_CODES.NONE || log.diverging !== null || log.records.length > fetchOffset
    })
  }

  #answers(asked: ReadonlyMap<string, Asked>, told: Map<string, number>, isSent = true) {
    const answers: { topicId: string; partitions: PartitionAnswer[] }[] = []
    for (const [key, { topicId, partition, fetchOffset }] of asked) {
      const log = this.logs.get(key) ?? new FakeLog()
      const isWrong = log.errorCode !== ERROR_CODES.NONE || log.diverging !== null
      const records = isWrong ? [] : log.records.slice(fetchOffset)
      if (!isWrong && records.length === 0 && told.get(key) === log.highWatermark) continue
      told.set(key, log.highWatermark)
      if (isSent && records.length > 0) this.sentRecords.push(`${topicId}@${fetchOffset}`)
      const answer: PartitionAnswer = {
        partitionIndex: partition,
        errorCode: log.errorCode,
        highWatermark: log.highWatermark,
        logStartOffset: 0,
        abortedTransactions: null,
        records: Uint8Array.from(records),
      }
      answers.push({ topicId, partitions: [log.diverging === null ? answer : { ...answer, divergingEpoch: log.diverging }] })
    }
    return answers
  }
}
