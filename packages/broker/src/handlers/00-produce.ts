/**
 * Produce (API key 0), versions 3-13; 0-2 are advertised and refused.
 *
 * Checks each partition's batch, gives it its place in the log, and answers when `acks` says so: 0 not at all, 1 when it is
 * written, -1 when every in-sync replica holds it as safely as the topic's `durability` asks for.
 *
 * A batch is a view into the read buffer, so the common case, an open log and a batch that is small or not compressed, runs
 * without a promise and without a copy. Where something has to be waited for, the batch is copied first: the log, a check that takes
 * long, or the coordinator of a transaction that the batch begins in its partition.
 *
 * Version notes: 3-6 and 7-8 differ in what they may compress with (zstd from 7); 8 adds record errors; 10 names the current
 * leader beside NOT_LEADER_OR_FOLLOWER (KIP-951); 11 knows TRANSACTION_ABORTABLE, and 12 adds partitions to transactions (both
 * KIP-890); 13 names topics by id (KIP-516). The minimum is advertised as 0 because librdkafka before 2.11.1 turns compression off
 * silently when it is not (KAFKA-18659).
 */
import type { AppendOutcome } from '@millrace/log'
import { isInternalTopic } from '@millrace/metadata'
import { ERROR_CODES, isTransactional, produceApi } from '@millrace/protocol'
import type { Decoded, ErrorCode, produceRequest } from '@millrace/protocol'
import { BatchValidator } from '../produce/batch-validator.ts'
import type { BatchProblem } from '../produce/batch-validator.ts'
import { ProduceCollector } from '../produce/produce-collector.ts'
import type { LeaderHints, PartitionResult } from '../produce/produce-collector.ts'
import { type Admission, TransactionGate } from '../produce/transaction-gate.ts'
import type { Address } from '@millrace/runtime'
import type { BrokerServices } from '../broker-services.ts'
import type { Partition } from '../partition/partition.ts'
import { currentLeader, endpointsOf } from './current-leader.ts'
import { defineHandler, LATER } from './handler.ts'
import type { Handler } from './handler.ts'

type ProduceRequest = Decoded<typeof produceRequest>
type TopicData = ProduceRequest['topicData'][number]

const ACKS_ALL = -1
/** Copies of batches that may wait before producers whose logs or transactions are yet to be opened are asked to come again. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024
const TOO_MUCH_WAITS = 'too many batches wait for their logs to be opened, or to be let into their transactions'
const WITHOUT_ID: BatchProblem = {
  errorCode: ERROR_CODES.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
  message: 'the request does not name the transactional id that the batch belongs to',
  recordErrors: [],
}
const PLAIN: Admission = { origin: 'client' }
/** From this version on there is room for the current leader. */
const FIRST_CURRENT_LEADER_VERSION = 10
/** From this version on topics are named by id. */
const FIRST_TOPIC_ID_VERSION = 13

export function produceHandler(services: BrokerServices): Handler {
  const validator = new BatchValidator(services)
  const gate = new TransactionGate({
    clock: services.clock,
    verifier: services.transactionVerifier,
    isVerifying: () => services.settings().verifiesTransactions,
  })
  /** Of batches that were copied because something has to be waited for before they are appended. */
  let waitingBytes = 0

  return defineHandler(
    produceApi,
    (request, context) => {
      const { acks } = request
      const hints = context.apiVersion >= FIRST_CURRENT_LEADER_VERSION ? hintsFor(context.local) : null
      const collector = new ProduceCollector(services.clock, context, acks, request.timeoutMs, hints)
      const acksError = acks === ACKS_ALL || acks === 0 || acks === 1 ? ERROR_CODES.NONE : ERROR_CODES.INVALID_REQUIRED_ACKS
      for (const topic of request.topicData) {
        const entry = collector.addTopic(topic.name, topic.topicId)
        for (const { index, records } of topic.partitionData) {
          const result = collector.addPartition(entry, index)
          if (acksError !== ERROR_CODES.NONE) {
            collector.settle(result, acksError)
            continue
          }
          const found = findPartition(topic, index, context.apiVersion)
          if (typeof found === 'number') {
            collector.settle(result, found)
            continue
          }
          // Coordinators believe what their topics hold, and read it only when they are loaded.
          if (isInternalTopic(found.topic)) {
            collector.settle(result, ERROR_CODES.INVALID_TOPIC_EXCEPTION)
            continue
          }
          if (acks === ACKS_ALL && !found.hasEnoughInSyncReplicas) {
            collector.settle(result, ERROR_CODES.NOT_ENOUGH_REPLICAS)
            continue
          }
          produceTo(found, records, request.transactionalId, context.apiVersion, collector, result)
        }
      }
      collector.seal()
      return LATER
    },
    { minVersion: 0, minServedVersion: 3 },
  )

  function hintsFor(local: Address): LeaderHints {
    return {
      leaderOf: (partition, errorCode) => currentLeader(services, partition, errorCode),
      endpointsOf: (leaders) => endpointsOf(services, local, leaders),
    }
  }

  function findPartition(topic: TopicData, index: number, version: number): Partition | ErrorCode {
    return version >= FIRST_TOPIC_ID_VERSION
      ? services.partitions.findById(topic.topicId, index)
      : services.partitions.find(topic.name, index)
  }

  function produceTo(
    partition: Partition,
    records: Uint8Array | null,
    transactionalId: string | null,
    produceVersion: number,
    collector: ProduceCollector,
    result: PartitionResult,
  ): void {
    const checked = validator.check(records, partition.config, produceVersion)
    if (checked.type === 'invalid') return collector.refuse(result, checked.problem)
    const { log } = partition
    const isOfTransaction = isTransactional(checked.batch, 0)
    if (isOfTransaction && transactionalId === null) return collector.refuse(result, WITHOUT_ID)
    if (checked.type === 'valid' && log !== null) {
      const admission = isOfTransaction ? gate.admitAtOnce(log, checked.batch, produceVersion) : PLAIN
      if (admission !== null) return append(partition, checked.batch, admission, collector, result)
    }
    // The validator has a bound of its own for what it puts off.
    if ((log === null || isOfTransaction) && waitingBytes > 0 && waitingBytes + checked.batch.length > WAITING_BYTES_MAX) {
      return collector.refuse(result, { errorCode: ERROR_CODES.LEADER_NOT_AVAILABLE, message: TOO_MUCH_WAITS, recordErrors: [] })
    }
    const owned = checked.batch.slice()
    waitingBytes += owned.length
    const validated =
      checked.type === 'valid' ? Promise.resolve<Uint8Array | BatchProblem>(owned) : validator.checkCompressed(owned, partition.config)
    Promise.all([validated, partition.open()])
      .then(
        ([batch, opened]) => {
          if (!(batch instanceof Uint8Array)) return collector.refuse(result, batch)
          if (!isOfTransaction) return appendLater(partition, batch, PLAIN, collector, result)
          const from = { transactionalId: transactionalId as string, produceVersion, topic: partition.topic, partition: partition.index }
          return gate.confirm(opened, batch, from).then((admission) => {
            if ('errorCode' in admission) collector.refuse(result, admission)
            else appendLater(partition, batch, admission, collector, result)
          })
        },
        (error: unknown) => fail(partition, error, collector, result),
      )
      .catch((error: unknown) => {
        services.logger.error('produce failed', { topic: partition.topic, partition: partition.index, error })
        collector.giveUp()
      })
      .finally(() => {
        waitingBytes -= owned.length
      })
  }

  /** The turn that brought the batch is over. */
  function appendLater(
    partition: Partition,
    batch: Uint8Array,
    admission: Admission,
    collector: ProduceCollector,
    result: PartitionResult,
  ): void {
    append(partition, batch, admission, collector, result)
    services.turn.commit()
  }

  /** The log cannot be opened or appended to. */
  function fail(partition: Partition, error: unknown, collector: ProduceCollector, result: PartitionResult): void {
    services.logger.error('produce failed', { topic: partition.topic, partition: partition.index, error })
    partition.reportDamage(error)
    collector.settle(result, services.errorCodeOf(error))
  }

  function append(
    partition: Partition,
    batch: Uint8Array,
    admission: Admission,
    collector: ProduceCollector,
    result: PartitionResult,
  ): void {
    if (!partition.isLeader || partition.log === null) return collector.settle(result, ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
    let outcome: AppendOutcome
    try {
      outcome = partition.stage(batch, (errorCode) => collector.appended(result, errorCode), admission)
    } catch (error) {
      return fail(partition, error, collector, result)
    }
    if (outcome.type === 'refused') {
      if (isAboutPlace(outcome.errorCode, admission)) result.body.logStartOffset = partition.log.logStartOffset
      return collector.refuse(result, { errorCode: outcome.errorCode, message: outcome.message, recordErrors: [] })
    }
    collector.place(result, partition, outcome)
    if (outcome.type === 'staged') services.turn.touch(partition)
    else collector.appended(result, ERROR_CODES.NONE)
  }
}

/** The producer may have lost its place: it is told where the log begins, in case its records are gone. */
function isAboutPlace(errorCode: ErrorCode, admission: Admission): boolean {
  switch (errorCode) {
    case ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER:
    case ERROR_CODES.INVALID_TXN_STATE:
      return true
    // Of a transactional one, that is seen before there is any question of a place.
    case ERROR_CODES.INVALID_PRODUCER_EPOCH:
      return admission === PLAIN
    default:
      return false
  }
}
