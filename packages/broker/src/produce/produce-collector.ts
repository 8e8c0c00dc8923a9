/**
 * Gathers the outcomes of one produce request, partition by partition, and answers when the last one is known.
 *
 * A partition passes through three moments: its batch gets its place in the log (or is refused), it is written with all that
 * the turn brought, and, with `acks=all`, the high watermark passes it. Once every batch of the request has its place, the
 * connection's next request may start, for the order is settled; the answer comes later.
 */
import { ERROR_CODES } from '@millrace/protocol'
import type { Encodable, ErrorCode, produceResponse } from '@millrace/protocol'
import type { Clock, Timer } from '@millrace/runtime'
import type { RequestContext } from '../handlers/handler.ts'
import type { CurrentLeader, NodeEndpoint } from '../handlers/current-leader.ts'
import type { AcknowledgementWaiter } from '../partition/acknowledgement-queue.ts'
import type { Partition } from '../partition/partition.ts'
import type { BatchProblem } from './batch-validator.ts'

type ProduceResponse = Encodable<typeof produceResponse>
type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type TopicResult = ProduceResponse['responses'][number]

/** One partition's part of the answer, filled in as outcomes arrive. */
export interface PartitionResult extends AcknowledgementWaiter {
  readonly body: Mutable<TopicResult['partitionResponses'][number]>
  requiredOffset: number
  partition: Partition | null
  /** In which the batch got its place: of another epoch nothing is known. */
  leaderEpoch: number
}

/** Tells producers who leads what this broker does not. */
export interface LeaderHints {
  leaderOf(
    partition: { readonly topic: string; readonly topicId: string; readonly index: number },
    errorCode: ErrorCode,
  ): CurrentLeader | null
  endpointsOf(leaders: readonly CurrentLeader[]): readonly NodeEndpoint[]
}

/** A topic's part of the answer, as the collector builds it. */
interface TopicEntry {
  readonly name: string
  readonly topicId: string
  readonly partitionResponses: PartitionResult['body'][]
}

const ACKS_ALL = -1

export class ProduceCollector {
  readonly #clock: Clock
  readonly #context: RequestContext<ProduceResponse>
  readonly #acks: number
  readonly #timeoutMs: number
  readonly #topics: TopicEntry[] = []
  /** Partitions whose high watermark is awaited. */
  readonly #awaited = new Set<PartitionResult>()
  #unplaced = 0
  #unwritten = 0
  #isSealed = false
  #isAnswered = false
  #failure: ErrorCode = ERROR_CODES.NONE
  #isAnyRefused = false
  #timer: Timer | null = null
  /** Null for versions that have no place for them. */
  readonly #hints: LeaderHints | null

  constructor(clock: Clock, context: RequestContext<ProduceResponse>, acks: number, timeoutMs: number, hints: LeaderHints | null = null) {
    this.#hints = hints
    this.#clock = clock
    this.#context = context
    this.#acks = acks
    this.#timeoutMs = timeoutMs
  }

  addTopic(name: string, topicId: string): TopicEntry {
    const entry: TopicEntry = { name, topicId, partitionResponses: [] }
    this.#topics.push(entry)
    return entry
  }

  addPartition(topic: TopicEntry, index: number): PartitionResult {
    const body = { index, errorCode: ERROR_CODES.NONE as ErrorCode, baseOffset: -1, logAppendTimeMs: -1, logStartOffset: -1 }
    topic.partitionResponses.push(body)
    this.#unplaced += 1
    this.#unwritten += 1
    const result: PartitionResult = {
      body,
      requiredOffset: 0,
      partition: null,
      leaderEpoch: -1,
      onOutcome: (errorCode) => this.#acknowledged(result, errorCode),
    }
    return result
  }

  /** The batch has its offsets. */
  place(
    result: PartitionResult,
    partition: Partition,
    outcome: { readonly baseOffset: number; readonly lastOffset: number; readonly logAppendTimeMs: number },
  ): void {
    result.partition = partition
    result.leaderEpoch = partition.leaderEpoch
    result.requiredOffset = outcome.lastOffset + 1
    result.body.baseOffset = outcome.baseOffset
    result.body.logAppendTimeMs = outcome.logAppendTimeMs
    result.body.logStartOffset = partition.log?.logStartOffset ?? 0
    this.#placed()
  }

  /** The batch cannot be taken, for a reason that the client is told. */
  refuse(result: PartitionResult, problem: BatchProblem): void {
    result.body.errorMessage = problem.message
    if (problem.recordErrors.length > 0) result.body.recordErrors = problem.recordErrors
    this.settle(result, problem.errorCode)
  }

  /** The outcome is final before anything was written. */
  settle(result: PartitionResult, errorCode: ErrorCode): void {
    this.#placed()
    this.#written(result, errorCode)
  }

  /** The batch is in the log, or could not be written. */
  appended(result: PartitionResult, errorCode: ErrorCode): void {
    if (errorCode === ERROR_CODES.NONE && this.#acks === ACKS_ALL && result.partition !== null) {
      this.#awaited.add(result)
    }
    this.#written(result, errorCode)
  }

  /** All partitions of the request have been added. */
  seal(): void {
    this.#isSealed = true
    if (this.#unplaced === 0) this.#context.releaseOrder()
    if (this.#unwritten === 0) this.#allWritten()
  }

  /** There will be no answer, for a reason that is no business of the client's. */
  giveUp(): void {
    this.#context.close('internal error')
  }

  #placed(): void {
    this.#unplaced -= 1
    if (this.#unplaced === 0 && this.#isSealed) this.#context.releaseOrder()
  }

  #written(result: PartitionResult, errorCode: ErrorCode): void {
    if (errorCode !== ERROR_CODES.NONE) {
      result.body.errorCode = errorCode
      result.body.baseOffset = -1
      result.body.logAppendTimeMs = -1
      this.#failure = errorCode
      this.#isAnyRefused = true
    }
    this.#unwritten -= 1
    if (this.#unwritten === 0 && this.#isSealed) this.#allWritten()
  }

  #allWritten(): void {
    if (this.#acks === 0) {
      // There is no answer that could carry the error: the closed connection is what tells the producer.
      if (this.#failure !== ERROR_CODES.NONE) this.#context.close(`produce with acks=0 failed with error ${this.#failure}`)
      else this.#context.respondNothing()
      return
    }
    // A waiter may be told at once, so the list is taken before the first one is registered.
    for (const result of Array.from(this.#awaited)) {
      const partition = result.partition as Partition
      // The rest of the request may have had to wait. What an offset means may have changed with the leader meanwhile.
      if (partition.leaderEpoch === result.leaderEpoch) partition.whenAcknowledged(result)
      else result.onOutcome(ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
    }
    if (this.#awaited.size === 0) return this.#answer()
    this.#timer = this.#clock.setTimer(Math.max(0, this.#timeoutMs), () => this.#timeOut())
    this.#context.onDisconnect(() => this.#withdraw())
  }

  #acknowledged(result: PartitionResult, errorCode: ErrorCode): void {
    if (errorCode === ERROR_CODES.NONE && !(result.partition as Partition).hasEnoughInSyncReplicas) {
      result.body.errorCode = ERROR_CODES.NOT_ENOUGH_REPLICAS_AFTER_APPEND
    } else {
      result.body.errorCode = errorCode
    }
    if (result.body.errorCode !== ERROR_CODES.NONE) this.#isAnyRefused = true
    this.#awaited.delete(result)
    if (this.#awaited.size === 0) this.#answer()
  }

  #timeOut(): void {
    for (const result of this.#awaited) result.body.errorCode = ERROR_CODES.REQUEST_TIMED_OUT
    this.#withdraw()
    this.#answer()
  }

  #withdraw(): void {
    this.#timer?.cancel()
    // Last first: they lie in the order of their offsets, so that none of the others has to move up.
    for (const result of Array.from(this.#awaited).reverse()) result.partition?.cancelAcknowledgement(result)
    this.#awaited.clear()
  }

  #answer(): void {
    if (this.#isAnswered) return
    this.#isAnswered = true
    this.#timer?.cancel()
    const nodeEndpoints = this.#hints === null || !this.#isAnyRefused ? [] : this.#nameLeaders(this.#hints)
    const response = { responses: this.#topics, throttleTimeMs: 0 }
    this.#context.respond(nodeEndpoints.length === 0 ? response : { ...response, nodeEndpoints })
  }

  /** Puts the leaders beside the errors that they explain. Returns where they are reached. */
  #nameLeaders(hints: LeaderHints): readonly NodeEndpoint[] {
    const leaders: CurrentLeader[] = []
    for (const { name, topicId, partitionResponses } of this.#topics) {
      for (const body of partitionResponses) {
        const leader = hints.leaderOf({ topic: name, topicId, index: body.index }, body.errorCode as ErrorCode)
        if (leader === null) continue
        body.currentLeader = leader
        leaders.push(leader)
      }
    }
    return hints.endpointsOf(leaders)
  }
}
