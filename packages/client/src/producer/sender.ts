/**
 * Moves batches from the partitions' queues to the brokers that lead them.
 *
 * Everything happens in `#pump`: it looks at every partition that has something to send, fills the requests that may leave
 * now, and sets one timer for the earliest thing that is due later. Whatever changes (a record, an answer, metadata, a
 * connection) plans another pump. Which batch may leave is the queue's decision, what an answer means is `outcome.ts`.
 */
import { backoffMs, type Timer } from '@millrace/runtime'
import { ERROR_CODES } from '@millrace/protocol'
import { asClientError, brokerError, CLIENT_ERROR_CODES, ClientError } from '../errors.ts'
import { meansStaleMetadata } from '../kafka-errors.ts'
import type { Cluster } from '../metadata/cluster.ts'
import type { TopicView } from '../metadata/topic-view.ts'
import type { BrokerConnection } from '../network/broker-connection.ts'
import { BrokerPool } from '../network/broker-pool.ts'
import { PartitionQueue } from './partition-queue.ts'
import { type DeliveryPromise, PendingBatch } from './pending-batch.ts'
import { type BatchResult, produce, type Shipment } from './produce-exchange.ts'
import { ProducerIdentitySource } from './producer-identity.ts'
import type { ResolvedProducerOptions } from './producer-options.ts'
import { judge } from './outcome.ts'
import { type EncodedRecord, sizeOf } from './record.ts'

/** The way to one broker. */
interface Lane {
  readonly nodeId: number
  connection: BrokerConnection | null
  isConnecting: boolean
  requestsInFlight: number
  failures: number
  retryAtMs: number
}

export class Sender {
  readonly #cluster: Cluster
  readonly #options: ResolvedProducerOptions
  readonly #onSettled: () => void
  readonly #pool: BrokerPool
  readonly #identities: ProducerIdentitySource
  readonly #queues = new Map<string, Map<number, PartitionQueue>>()
  /** The queues that are not empty, those that were served longest ago first. */
  readonly #active = new Set<PartitionQueue>()
  readonly #lanes = new Map<number, Lane>()
  readonly #refreshing = new Set<string>()
  readonly #forgetClusterClose: () => void
  #bufferedBytes = 0
  #flushes = 0
  #isPumpPlanned = false
  #isClosed = false
  #timer: Timer | null = null
  #wakeAtMs = Number.POSITIVE_INFINITY

  /** `onSettled` is called whenever bytes have left the buffer. */
  constructor(cluster: Cluster, options: ResolvedProducerOptions, onSettled: () => void) {
    this.#cluster = cluster
    this.#options = options
    this.#onSettled = onSettled
    this.#pool = new BrokerPool(cluster.settings)
    this.#identities = new ProducerIdentitySource(cluster)
    this.#forgetClusterClose = cluster.closing.onClose(() => this.close())
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  add(topic: string, partition: number, record: EncodedRecord, sizeBytes: number, promise: DeliveryPromise): void {
    if (this.#isClosed) {
      promise.reject(closedError())
      return
    }
    const queue = this.#queue(topic, partition)
    let batch = queue.openBatch
    if (batch !== null && batch.sizeBytes + sizeBytes > this.#options.batchBytes) {
      batch.isClosed = true
      batch = null
    }
    if (batch === null) {
      batch = new PendingBatch(topic, partition, this.#cluster.nowMs, (bytes) => this.#release(bytes))
      queue.push(batch)
    }
    batch.add(record, sizeBytes, promise)
    this.#bufferedBytes += sizeBytes
    this.#active.add(queue)
    this.#planPump()
  }

  startFlush(): void {
    this.#flushes += 1
    this.#planPump()
  }

  endFlush(): void {
    this.#flushes -= 1
  }

  /** Ends now: whatever is not delivered fails. Idempotent. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#forgetClusterClose()
    this.#timer?.cancel()
    this.#pool.close()
    // What is in flight fails with its connection, and takes along what was to be sent again.
    for (const queue of this.#active) this.#failAll(queue.clear(), closedError())
  }

  #release(bytes: number): void {
    this.#bufferedBytes -= bytes
    this.#onSettled()
  }

  #queue(topic: string, partition: number): PartitionQueue {
    let partitions = this.#queues.get(topic)
    if (partitions === undefined) this.#queues.set(topic, (partitions = new Map()))
    let queue = partitions.get(partition)
    if (queue === undefined) partitions.set(partition, (queue = new PartitionQueue(topic, partition, this.#options)))
    return queue
  }

  #planPump(): void {
    if (this.#isPumpPlanned || this.#isClosed) return
    this.#isPumpPlanned = true
    this.#cluster.settings.runtime.clock.defer(() => {
      this.#isPumpPlanned = false
      this.#pump()
    })
  }

  #pump(): void {
    if (this.#isClosed) return
    const now = this.#cluster.nowMs
    this.#wakeAtMs = Number.POSITIVE_INFINITY
    const byLeader = new Map<number, PartitionQueue[]>()
    for (const queue of this.#active) {
      this.#failAll(queue.expire(now, this.#options.deliveryTimeoutMs), null)
      if (queue.isEmpty) this.#active.delete(queue)
      else if (this.#mayLeave(queue, now)) this.#assignToLeader(queue, byLeader)
    }
    for (const [leaderId, queues] of byLeader) this.#serve(this.#lane(leaderId), queues, now)
    this.#armTimer(now)
  }

  #mayLeave(queue: PartitionQueue, now: number): boolean {
    if (queue.head !== null) this.#wakeAt(queue.head.createdAtMs + this.#options.deliveryTimeoutMs)
    const readyAtMs = queue.readyAtMs(this.#flushes > 0)
    if (readyAtMs > now) {
      this.#wakeAt(readyAtMs)
      return false
    }
    return !queue.needsIdentity || this.#identify(queue)
  }

  /** Gives the queue an identity if one is at hand, otherwise asks for one. */
  #identify(queue: PartitionQueue): boolean {
    const identity = this.#identities.takeOtherThan(queue.lastProducerId)
    if (identity !== null) {
      queue.setIdentity(identity)
      return true
    }
    this.#identities.request().then(
      () => this.#planPump(),
      (error: unknown) => this.#onNoIdentity(asClientError(error, CLIENT_ERROR_CODES.unreachable)),
    )
    return false
  }

  #onNoIdentity(error: ClientError): void {
    for (const queue of this.#active) {
      if (!queue.needsIdentity) continue
      if (error.isRetriable) this.#remember(queue, error)
      else this.#failAll(queue.clear(), error)
    }
    this.#planPump()
  }

  #assignToLeader(queue: PartitionQueue, byLeader: Map<number, PartitionQueue[]>): void {
    const view = this.#cluster.peek(queue.topic)
    const leaderId = view?.partitions[queue.partition]?.leaderId ?? null
    if (leaderId === null) {
      this.#refresh(queue.topic)
      return
    }
    const queues = byLeader.get(leaderId)
    if (queues === undefined) byLeader.set(leaderId, [queue])
    else queues.push(queue)
  }

  #lane(nodeId: number): Lane {
    let lane = this.#lanes.get(nodeId)
    if (lane === undefined) {
      lane = { nodeId, connection: null, isConnecting: false, requestsInFlight: 0, failures: 0, retryAtMs: 0 }
      this.#lanes.set(nodeId, lane)
    }
    return lane
  }

  /** Sends as many requests as may be in flight to this broker, each with at most one batch of each partition. */
  #serve(lane: Lane, queues: readonly PartitionQueue[], now: number): void {
    const { connection } = lane
    if (!connection?.isOpen) {
      this.#connect(lane, queues, now)
      return
    }
    if (connection.throttledUntilMs > now) {
      this.#wakeAt(connection.throttledUntilMs)
      return
    }
    while (lane.requestsInFlight < this.#options.maxInFlight) {
      const shipments = this.#load(queues, now)
      if (shipments.length === 0) return
      this.#send(lane, connection, shipments)
    }
  }

  #load(queues: readonly PartitionQueue[], now: number): Shipment[] {
    const shipments: Shipment[] = []
    let sizeBytes = 0
    for (const queue of queues) {
      const head = queue.head
      const view = this.#cluster.peek(queue.topic)
      if (head === null || view === undefined || queue.needsIdentity || queue.readyAtMs(this.#flushes > 0) > now) continue
      if (shipments.length > 0 && sizeBytes + head.sizeBytes > this.#options.maxRequestBytes) continue
      sizeBytes += head.sizeBytes
      shipments.push({ queue, batch: queue.take(), topicId: view.topicId, identity: queue.identity })
      // Served last now, so that many partitions share requests fairly.
      this.#active.delete(queue)
      this.#active.add(queue)
    }
    return shipments
  }

  #send(lane: Lane, connection: BrokerConnection, shipments: readonly Shipment[]): void {
    lane.requestsInFlight += 1
    produce(connection, shipments, this.#options, this.#cluster.settings, (shipment, result) => this.#settle(shipment, result)).then(
      () => {
        lane.requestsInFlight -= 1
        this.#planPump()
      },
      (error: unknown) => {
        lane.requestsInFlight -= 1
        this.#failAll(
          shipments.map(({ queue, batch }) => {
            queue.failedForGood(batch)
            return batch
          }),
          asClientError(error, CLIENT_ERROR_CODES.malformedResponse),
        )
        this.#planPump()
      },
    )
  }

  #settle({ queue, batch }: Shipment, result: BatchResult): void {
    const verdict = judge(result, batch.count, this.#options.isIdempotent)
    const error = verdict.error
    if (error !== null) batch.lastError = error
    if (error?.kafkaErrorCode != null && meansStaleMetadata(error.kafkaErrorCode)) this.#cluster.invalidate(batch.topic)
    if (this.#isClosed && error !== null) {
      queue.failedForGood(batch)
      this.#failAll([batch, ...queue.clear()], closedError())
      return
    }
    const retryAtMs = this.#cluster.nowMs + this.#pauseMs(batch.attempts)
    switch (verdict.type) {
      case 'delivered':
        queue.succeeded(batch)
        batch.succeed(verdict.baseOffset, verdict.logAppendTimeMs)
        return
      case 'retry':
        queue.failedForNow(batch, retryAtMs)
        return
      case 'split':
        queue.replaced(batch, batch.split(sizeOf))
        return
      case 'refused-by-sequence':
        if (!queue.refusedBySequence(batch, retryAtMs)) batch.fail(verdict.error)
        return
      case 'fenced':
        queue.failedForGood(batch)
        queue.forgetIdentity()
        batch.fail(verdict.error)
        return
      case 'failed':
        queue.failedForGood(batch)
        batch.fail(verdict.error)
        return
    }
  }

  #connect(lane: Lane, queues: readonly PartitionQueue[], now: number): void {
    if (lane.isConnecting) return
    if (lane.retryAtMs > now) {
      this.#wakeAt(lane.retryAtMs)
      return
    }
    lane.isConnecting = true
    this.#cluster.connectionTo(lane.nodeId, this.#pool).then(
      (connection) => {
        Object.assign(lane, { connection, isConnecting: false, failures: 0, retryAtMs: 0 })
        this.#planPump()
      },
      (reason: unknown) => {
        const error = asClientError(reason, CLIENT_ERROR_CODES.unreachable)
        lane.isConnecting = false
        lane.failures += 1
        lane.retryAtMs = this.#cluster.nowMs + this.#pauseMs(lane.failures)
        for (const queue of queues) {
          this.#remember(queue, error)
          // The broker may be gone for good, and another one lead its partitions.
          this.#cluster.invalidate(queue.topic)
        }
        this.#planPump()
      },
    )
  }

  #refresh(topic: string): void {
    if (this.#refreshing.has(topic)) return
    this.#refreshing.add(topic)
    const done = (): void => {
      this.#refreshing.delete(topic)
      this.#planPump()
    }
    this.#cluster.topic(topic).then(
      (view) => this.#cluster.settings.runtime.clock.setTimer(this.#hasLeaders(view) ? 0 : this.#pauseMs(1), done),
      (reason: unknown) => {
        const error = asClientError(reason, CLIENT_ERROR_CODES.unreachable)
        for (const queue of this.#queues.get(topic)?.values() ?? []) {
          if (error.isRetriable) this.#remember(queue, error)
          else this.#failAll(queue.clear(), error)
        }
        done()
      },
    )
  }

  /** A partition without a leader is asked about again after a pause. */
  #hasLeaders(view: TopicView): boolean {
    let hasAll = true
    for (const [partition, queue] of this.#queues.get(view.name) ?? []) {
      if (queue.isEmpty || view.partitions[partition]?.leaderId != null) continue
      hasAll = false
      this.#remember(queue, brokerError(ERROR_CODES.LEADER_NOT_AVAILABLE, { topic: view.name, partition }))
    }
    if (!hasAll) this.#cluster.invalidate(view.name)
    return hasAll
  }

  #remember(queue: PartitionQueue, error: ClientError): void {
    if (queue.head !== null) queue.head.lastError = error
  }

  /** `error` null: the delivery time-out has passed. */
  #failAll(batches: readonly PendingBatch[], error: ClientError | null): void {
    for (const batch of batches) batch.fail(error ?? this.#timedOut(batch))
  }

  #timedOut({ topic, partition, attempts, lastError }: PendingBatch): ClientError {
    const tries = attempts === 0 ? 'it was never sent' : `it was sent ${attempts} time${attempts === 1 ? '' : 's'}`
    const reason = lastError === null ? '' : `; last error: ${lastError.message}`
    const message = `no delivery to "${topic}" partition ${partition} within ${this.#options.deliveryTimeoutMs} ms; ${tries}${reason}`
    return new ClientError(CLIENT_ERROR_CODES.timedOut, message, { topic, partition, cause: lastError ?? undefined })
  }

  #pauseMs(attempt: number): number {
    return backoffMs(this.#cluster.settings.retryBackoff, Math.max(1, attempt), this.#cluster.settings.runtime.random)
  }

  #wakeAt(timeMs: number): void {
    this.#wakeAtMs = Math.min(this.#wakeAtMs, timeMs)
  }

  #armTimer(now: number): void {
    this.#timer?.cancel()
    this.#timer = null
    if (this.#wakeAtMs === Number.POSITIVE_INFINITY) return
    this.#timer = this.#cluster.settings.runtime.clock.setTimer(Math.max(0, this.#wakeAtMs - now), () => this.#pump())
  }
}

function closedError(): ClientError {
  return new ClientError(CLIENT_ERROR_CODES.closed, 'the producer was closed before the record was delivered')
}
