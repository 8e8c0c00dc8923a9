/**
 * Fetches from one leader all the partitions that follow it here: one connection, one request under way, and a second one only
 * to hurry the first. It carries answers to the partitions and keeps the time; what is asked next, `fetch-schedule.ts` decides.
 *
 * After an answer it waits until its partitions have taken it, so that their flushes are one round and the next request
 * acknowledges all of them; those that take long come back with a request of their own.
 */
import { ERROR_CODES, errorName, fetchApi } from '@millrace/protocol'
import type { Decoded, Encodable, ErrorCode, fetchRequest, fetchResponse } from '@millrace/protocol'
import { type Address, backoffMs, type Clock, type Logger, type Network, type Random, type Timer } from '@millrace/runtime'
import type { ReplicaFetchSettings } from '../broker-settings.ts'
import type { RequestMemory } from '../network/request-memory.ts'
import { FetchSchedule, type Followed, keyOf, type PlannedFetch } from './fetch-schedule.ts'
import { type FollowedPartition, isSamePosition, type ReplicaFetchPosition, type ReplicaOutcome } from './followed-partition.ts'
import { PeerConnection } from './peer-connection.ts'

/** Replica state, topic ids, diverging epochs. */
const FETCH_VERSION = 17
/** The leader answers whenever its high watermark moves: a round trip more for each, which pays when consumers read here. */
const PROMPT_FETCH_VERSION = 18
const CONNECT_TIMEOUT_MS = 5_000
const BACKOFF_BASE_MS = 20
/** How long a round waits for the slowest of its partitions. */
const PATIENCE_MS = 5
/** When to look again whether a partition that was not able to take anything is, if nobody said so before. */
const LOOK_AGAIN_MS = 100
/** A request and the one that hurries it. */
const IN_FLIGHT_MAX = 2
/** Beside the records: what an answer about very many partitions takes. */
const ANSWER_OVERHEAD_BYTES = 16 * 1024 * 1024
const LOG_INTERVAL_MS = 1_000

type FetchResponse = Decoded<typeof fetchResponse>
type PartitionAnswer = FetchResponse['responses'][number]['partitions'][number]

export interface FetcherServices {
  readonly nodeId: number
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly logger: Logger
  readonly memory: RequestMemory
  readonly maxFrameBytes: number
  settings(): ReplicaFetchSettings
  brokerEpoch(): number
}

export class LeaderFetcher {
  readonly leaderId: number
  readonly address: Address
  readonly #services: FetcherServices
  readonly #schedule = new FetchSchedule()
  #connection: PeerConnection | null = null
  #isConnecting = false
  #isClosed = false
  /** In a row, of the connection. */
  #failures = 0
  /** Before this nothing is asked. */
  #notBeforeMs = 0
  /** Partitions of the last answer that are still taking it. */
  #taking = 0
  /** Monotonic time until which those are waited for. */
  #patienceEndMs = 0
  #timer: Timer | null = null
  #timerDueMs = Number.POSITIVE_INFINITY
  #isPumpPlanned = false
  #loggedMs = Number.NEGATIVE_INFINITY

  constructor(leaderId: number, address: Address, services: FetcherServices) {
    this.leaderId = leaderId
    this.address = address
    this.#services = services
  }

  get size(): number {
    return this.#schedule.size
  }

  get isConnected(): boolean {
    return this.#connection !== null
  }

  followed(): Iterable<Followed> {
    return this.#schedule.followed()
  }

  get(key: string): Followed | undefined {
    return this.#schedule.get(key)
  }

  /** Whether the partition is fetched here, in the epoch it is in now. */
  has(partition: FollowedPartition): boolean {
    const followed = this.#schedule.get(keyOf(partition.topicId, partition.index))
    return followed?.partition === partition && followed.leaderEpoch === partition.image.leaderEpoch
  }

  add(partition: FollowedPartition): void {
    this.#look(this.#schedule.add(partition))
    this.#planPump()
  }

  /** Something about the partition changed: it may have what it waited for. */
  lookAgain({ topicId, index }: FollowedPartition): void {
    const followed = this.#schedule.get(keyOf(topicId, index))
    if (followed?.status !== 'delayed') return
    this.#look(followed)
    this.#planPump()
  }

  remove(key: string): void {
    this.#schedule.remove(key)
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    for (const { key } of this.#schedule.followed()) this.#schedule.remove(key)
    this.#connection?.close('not needed any more')
  }

  /** Asks the partition where it is. */
  #look(followed: Followed): void {
    const position = this.#positionOf(followed.partition)
    if (position !== null) this.#schedule.ready(followed, position)
    else this.#schedule.delay(followed, this.#nowMs + LOOK_AGAIN_MS)
  }

  #positionOf(partition: FollowedPartition): ReplicaFetchPosition | null {
    const position = partition.replicaFetchPosition()
    if (position === null || !this.#services.settings().isPrompt) return position
    return { ...position, highWatermark: partition.highWatermark }
  }

  get #nowMs(): number {
    return this.#services.clock.monotonic()
  }

  /** After the current turn, so that what becomes ready together is asked for together. */
  #planPump(): void {
    if (this.#isPumpPlanned || this.#isClosed) return
    this.#isPumpPlanned = true
    this.#services.clock.defer(() => {
      this.#isPumpPlanned = false
      this.#pump()
    })
  }

  /** Sends what is to be sent now, and sets the alarm for what comes later. */
  #pump(): void {
    if (this.#isClosed) return
    const nowMs = this.#nowMs
    for (const followed of this.#schedule.takeDue(nowMs)) this.#look(followed)
    if (nowMs >= this.#notBeforeMs) {
      if (this.#connection !== null) this.#sendWhatIsDue(this.#connection, nowMs)
      else if (this.#schedule.size > 0) this.#connect()
    }
    this.#setAlarm()
  }

  #sendWhatIsDue(connection: PeerConnection, nowMs: number): void {
    const isHurry = connection.awaitedCount > 0
    if (isHurry && !(this.#schedule.hasSession && this.#schedule.hasUnsent && connection.awaitedCount < IN_FLIGHT_MAX)) return
    if (!isHurry && this.#taking > 0 && nowMs < this.#patienceEndMs) return
    const fetch = this.#schedule.take()
    if (fetch === null) return
    const version = this.#services.settings().isPrompt ? PROMPT_FETCH_VERSION : FETCH_VERSION
    connection.send(fetchApi, version, this.#requestOf(fetch), (answer) => this.#onAnswer(fetch, answer))
  }

  #requestOf(fetch: PlannedFetch): Encodable<typeof fetchRequest> {
    const { nodeId, settings, brokerEpoch } = this.#services
    const { maxBytes, responseMaxBytes, minBytes, maxWaitMs } = settings()
    const topics = new Map<string, Encodable<typeof fetchRequest>['topics'][number]['partitions'][number][]>()
    for (const { partition, position } of fetch.partitions) {
      const { highWatermark, ...rest } = position
      const named = { partition: partition.index, ...rest, partitionMaxBytes: maxBytes }
      append(topics, partition.topicId, highWatermark === undefined ? named : { ...named, highWatermark: BigInt(highWatermark) })
    }
    const forgotten = new Map<string, number[]>()
    for (const { topicId, index } of fetch.forgotten) append(forgotten, topicId, index)
    return {
      replicaState: { replicaId: nodeId, replicaEpoch: brokerEpoch() },
      maxWaitMs,
      minBytes,
      maxBytes: responseMaxBytes,
      isolationLevel: 0,
      sessionId: fetch.sessionId,
      sessionEpoch: fetch.sessionEpoch,
      topics: [...topics].map(([topicId, partitions]) => ({ topicId, partitions })),
      forgottenTopicsData: [...forgotten].map(([topicId, partitions]) => ({ topicId, partitions })),
      rackId: '',
    }
  }

  #onAnswer(fetch: PlannedFetch, answer: FetchResponse): void {
    if (this.#isClosed) return
    if (answer.errorCode !== ERROR_CODES.NONE) this.#onSessionError(fetch, answer.errorCode as ErrorCode)
    else if (this.#schedule.answered(fetch, answer.sessionId)) {
      this.#failures = 0
      this.#patienceEndMs = this.#nowMs + PATIENCE_MS
      for (const { topicId, partitions } of answer.responses) for (const partition of partitions) this.#deliver(fetch, topicId, partition)
    }
    this.#planPump()
  }

  #onSessionError(fetch: PlannedFetch, errorCode: ErrorCode): void {
    if (!this.#schedule.isOfSession(fetch)) return
    const isOfSession =
      errorCode === ERROR_CODES.FETCH_SESSION_ID_NOT_FOUND ||
      errorCode === ERROR_CODES.INVALID_FETCH_SESSION_EPOCH ||
      errorCode === ERROR_CODES.FETCH_SESSION_TOPIC_ID_ERROR
    // A new session that is refused as well is asked for later.
    if (!isOfSession || fetch.sessionId === 0) this.#fail(`the leader answers ${errorName(errorCode)}`)
    this.#schedule.resetSession()
  }

  #deliver(fetch: PlannedFetch, topicId: string, answer: PartitionAnswer): void {
    const followed = this.#schedule.addressee(fetch, topicId, answer.partitionIndex)
    if (followed === null || followed.position === null) return
    const errorCode = answer.errorCode as ErrorCode
    followed.highWatermark = answer.highWatermark
    // What the leader will not say, it will say later, or another leader will.
    if (errorCode !== ERROR_CODES.NONE && errorCode !== ERROR_CODES.OFFSET_OUT_OF_RANGE)
      return this.#retryLater(followed, errorName(errorCode))
    const { epoch, endOffset } = answer.divergingEpoch
    const asked = followed.position
    this.#schedule.busy(followed)
    this.#taking += 1
    const told = {
      leaderEpoch: asked.currentLeaderEpoch,
      errorCode,
      records: answer.records,
      highWatermark: answer.highWatermark,
      logStartOffset: answer.logStartOffset,
      divergingEpoch: epoch < 0 ? null : { epoch, endOffset },
    }
    const isToMove = errorCode !== ERROR_CODES.NONE || told.divergingEpoch !== null || (answer.records?.length ?? 0) > 0
    // At once, while the bytes are there; whatever it throws is an outcome.
    new Promise<ReplicaOutcome>((resolve) => resolve(followed.partition.onReplicaFetched(told))).then(
      (outcome) => this.#onTaken(followed, outcome, isToMove ? asked : null),
      (error: unknown) => {
        this.#services.logger.error('a replica could not take what its leader answered', { ...namesOf(followed), error })
        this.#onTaken(followed, 'failed', null)
      },
    )
  }

  /** `stuckAt`: where the partition cannot be any more if what it was told led anywhere. */
  #onTaken(followed: Followed, outcome: ReplicaOutcome, stuckAt: ReplicaFetchPosition | null): void {
    this.#taking -= 1
    if (this.#isClosed) return
    if (outcome === 'failed') this.#schedule.stop(followed)
    else if (outcome === 'wait') this.#retryLater(followed, 'not able to take it')
    else {
      const position = this.#positionOf(followed.partition)
      if (stuckAt !== null && position !== null && isSamePosition(stuckAt, position)) this.#retryLater(followed, 'it led nowhere')
      else {
        followed.failures = 0
        this.#look(followed)
      }
    }
    if (this.#taking === 0 && this.#connection?.awaitedCount === 0) this.#pump()
    else this.#planPump()
  }

  #retryLater(followed: Followed, reason: string): void {
    const { random, logger, settings } = this.#services
    followed.failures += 1
    const delayMs = backoffMs({ baseMs: BACKOFF_BASE_MS, maxMs: settings().backoffMaxMs }, followed.failures, random)
    this.#schedule.delay(followed, this.#nowMs + delayMs)
    logger.debug('a partition is fetched later', { ...namesOf(followed), leader: this.leaderId, reason, delayMs })
  }

  #connect(): void {
    if (this.#isConnecting) return
    this.#isConnecting = true
    const { network, clock, logger, memory, maxFrameBytes, nodeId, settings } = this.#services
    network.connect({ ...this.address, timeoutMs: CONNECT_TIMEOUT_MS }).then(
      (connection) => {
        this.#isConnecting = false
        if (this.#isClosed) return connection.destroy()
        this.#schedule.resetSession()
        this.#connection = new PeerConnection({
          connection,
          clock,
          logger,
          memory,
          maxFrameBytes: Math.max(maxFrameBytes, settings().responseMaxBytes + ANSWER_OVERHEAD_BYTES),
          timeoutMs: settings().maxWaitMs + settings().timeoutMs,
          clientId: `replica-${nodeId}`,
          onClosed: (reason) => this.#onDisconnected(reason),
        })
        this.#pump()
      },
      (error: unknown) => {
        this.#isConnecting = false
        this.#fail(error instanceof Error ? error.message : String(error))
        this.#planPump()
      },
    )
  }

  #onDisconnected(reason: string): void {
    this.#connection = null
    if (this.#isClosed) return
    this.#schedule.resetSession()
    this.#fail(reason)
    this.#planPump()
  }

  /** Nothing is asked for a while. */
  #fail(reason: string): void {
    const { random, logger, settings } = this.#services
    this.#failures += 1
    const delayMs = backoffMs({ baseMs: BACKOFF_BASE_MS, maxMs: settings().backoffMaxMs }, this.#failures, random)
    const nowMs = this.#nowMs
    this.#notBeforeMs = nowMs + delayMs
    if (this.#isClosed || nowMs < this.#loggedMs + LOG_INTERVAL_MS) return
    this.#loggedMs = nowMs
    logger.info('a leader cannot be fetched from; it is asked again', {
      leader: this.leaderId,
      ...this.address,
      partitions: this.#schedule.size,
      failures: this.#failures,
      reason,
    })
  }

  #setAlarm(): void {
    const nowMs = this.#nowMs
    const isIdle = this.#connection === null || this.#connection.awaitedCount === 0
    const due = [this.#schedule.nextDueMs()]
    if (nowMs < this.#notBeforeMs && this.#schedule.size > 0) due.push(this.#notBeforeMs)
    if (isIdle && this.#taking > 0 && this.#schedule.hasReady && nowMs < this.#patienceEndMs) due.push(this.#patienceEndMs)
    const dueMs = Math.min(...due.map((time) => time ?? Number.POSITIVE_INFINITY))
    if (dueMs === this.#timerDueMs) return
    this.#timer?.cancel()
    this.#timerDueMs = dueMs
    if (dueMs === Number.POSITIVE_INFINITY) return
    this.#timer = this.#services.clock.setTimer(Math.max(0, dueMs - nowMs), () => {
      this.#timerDueMs = Number.POSITIVE_INFINITY
      this.#pump()
    })
  }
}

function namesOf({ partition, leaderEpoch }: Followed): { topic: string; partition: number; leaderEpoch: number } {
  return { topic: partition.topic, partition: partition.index, leaderEpoch }
}

function append<Value>(lists: Map<string, Value[]>, key: string, value: Value): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
