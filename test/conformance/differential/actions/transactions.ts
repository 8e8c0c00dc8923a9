/** What transactional producers do. A request that meets another one's end halfway is sent again, as clients do. */
import {
  addOffsetsToTxnApi,
  addPartitionsToTxnApi,
  describeTransactionsApi,
  endTxnApi,
  ERROR_CODES,
  initProducerIdApi,
  listTransactionsApi,
  txnOffsetCommitApi,
  writeTxnMarkersApi,
} from '@millrace/protocol'
import { type Ask, type Step, step } from '../scenario.ts'
import type { World } from '../world.ts'
import { GROUP } from './classic.ts'
import { byTopic, committedPartition, type PartitionOffset } from './offsets.ts'

export const TRANSACTIONAL_ID = 'x'
/** A producer id that no broker has given out. */
export const NOBODYS_ID = 777_777_777
const TIMEOUT_MS = 600_000
const SETTLE_PAUSE_MS = 5
const SETTLE_DEADLINE_MS = 10_000

const RETRIED: ReadonlySet<number> = new Set([
  ERROR_CODES.CONCURRENT_TRANSACTIONS,
  ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS,
  ERROR_CODES.COORDINATOR_NOT_AVAILABLE,
  ERROR_CODES.NOT_COORDINATOR,
])

function retried(errorCode: number): number {
  return RETRIED.has(errorCode) ? errorCode : ERROR_CODES.NONE
}

export interface ProducerOptions {
  readonly version?: number
  readonly transactionalId?: string | null
  /** Instead of what the actor was given. */
  readonly producerId?: number
  readonly epoch?: number
  readonly epochOffset?: number
  /** Takes the first answer, also one that says to come again. */
  readonly isSentOnce?: boolean
}

export function identity(world: World, actor: string, options: ProducerOptions) {
  const { producerId, producerEpoch } = world.producer(actor)
  return {
    producerId: options.producerId ?? producerId,
    producerEpoch: options.epoch ?? Math.max(0, producerEpoch + (options.epochOffset ?? 0)),
  }
}

/** Null for a producer that is only idempotent. */
function transactionalIdOf(world: World, { transactionalId = TRANSACTIONAL_ID }: ProducerOptions): string | null {
  return transactionalId === null ? null : world.named(transactionalId)
}

function requiredId(world: World, options: ProducerOptions): string {
  return transactionalIdOf(world, options) ?? ''
}

export interface InitOptions extends ProducerOptions {
  readonly timeoutMs?: number
  /** From version 3 on: names the id and epoch that it has, to go on with the next epoch. */
  readonly isBump?: boolean
}

export function initProducer(actor: string, options: InitOptions = {}): Step {
  const { version = 4 } = options
  return step({
    actor,
    api: initProducerIdApi,
    version,
    request: (world) => ({
      transactionalId: transactionalIdOf(world, options),
      transactionTimeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      ...(options.isBump === true ? identity(world, actor, options) : {}),
    }),
    learn: (world, { errorCode, producerId, producerEpoch }) => {
      if (errorCode === ERROR_CODES.NONE) world.setProducer(actor, { producerId, producerEpoch })
    },
    retryError: ({ errorCode }) => (options.isSentOnce === true ? ERROR_CODES.NONE : retried(errorCode)),
    settle: (world, ask) => markersWritten(world, ask, options),
  })
}

export type TransactionPartition = readonly [topic: string, partition: number]

export function addPartitions(
  actor: string,
  partitions: readonly TransactionPartition[] = [['t', 0]],
  options: ProducerOptions & { readonly verifyOnly?: boolean } = {},
): Step {
  const { version = 3 } = options
  return step({
    actor,
    api: addPartitionsToTxnApi,
    version,
    request: (world) => {
      const { producerId, producerEpoch } = identity(world, actor, options)
      const transactionalId = requiredId(world, options)
      const topics = [...Map.groupBy(partitions, ([topic]) => topic)].map(([topic, each]) => ({
        name: world.named(topic),
        partitions: each.map(([, partition]) => partition),
      }))
      if (version >= 4) {
        return { transactions: [{ transactionalId, producerId, producerEpoch, verifyOnly: options.verifyOnly ?? false, topics }] }
      }
      return {
        v3AndBelowTransactionalId: transactionalId,
        v3AndBelowProducerId: producerId,
        v3AndBelowProducerEpoch: producerEpoch,
        v3AndBelowTopics: topics,
      }
    },
    retryError: ({ resultsByTransaction, resultsByTopicV3AndBelow }) => {
      const topics = [...resultsByTransaction.flatMap(({ topicResults }) => topicResults), ...resultsByTopicV3AndBelow]
      const errors = topics.flatMap(({ resultsByPartition }) => resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode))
      return errors.map(retried).find((errorCode) => errorCode !== ERROR_CODES.NONE) ?? ERROR_CODES.NONE
    },
  })
}

export function addOffsets(actor: string, options: ProducerOptions & { readonly group?: string } = {}): Step {
  const { version = 3 } = options
  return step({
    actor,
    api: addOffsetsToTxnApi,
    version,
    request: (world) => ({
      transactionalId: requiredId(world, options),
      ...identity(world, actor, options),
      groupId: world.named(options.group ?? GROUP),
    }),
    retryError: ({ errorCode }) => retried(errorCode),
  })
}

export interface TransactionalCommitOptions extends ProducerOptions {
  readonly group?: string
  readonly offsets?: readonly PartitionOffset[]
  readonly memberId?: string
  readonly generation?: number
  readonly instance?: string
  /** In the name of this actor, a member of the group. */
  readonly member?: string
}

export function commitInTransaction(actor: string, options: TransactionalCommitOptions = {}): Step {
  const { version = 3 } = options
  return step({
    actor,
    api: txnOffsetCommitApi,
    version,
    request: (world) => {
      const member = options.member === undefined ? null : world.member(options.member)
      return {
        transactionalId: requiredId(world, options),
        groupId: world.named(options.group ?? GROUP),
        ...identity(world, actor, options),
        ...(version >= 3
          ? {
              generationIdOrMemberEpoch: options.generation ?? member?.generation ?? -1,
              memberId: options.memberId ?? member?.memberId ?? '',
              groupInstanceId: options.instance ?? null,
            }
          : {}),
        topics: byTopic(options.offsets ?? [{}]).map(([topic, offsets]) => ({
          name: world.named(topic),
          partitions: offsets.map((each) => committedPartition(each, version >= 2)),
        })),
      }
    },
    retryError: ({ topics }) =>
      topics
        .flatMap(({ partitions }) => partitions.map(({ errorCode }) => retried(errorCode)))
        .find((errorCode) => errorCode !== ERROR_CODES.NONE) ?? ERROR_CODES.NONE,
  })
}

export function endTransaction(actor: string, result: 'commit' | 'abort', options: ProducerOptions = {}): Step {
  const { version = 3 } = options
  return step({
    actor,
    api: endTxnApi,
    version,
    request: (world) => ({
      transactionalId: requiredId(world, options),
      ...identity(world, actor, options),
      committed: result === 'commit',
    }),
    learn: (world, { errorCode, producerId, producerEpoch }) => {
      if (errorCode === ERROR_CODES.NONE && version >= 5 && producerId >= 0) world.setProducer(actor, { producerId, producerEpoch })
    },
    retryError: ({ errorCode }) => retried(errorCode),
    settle: (world, ask) => markersWritten(world, ask, options),
  })
}

/** A transaction's end is answered before its markers are written. */
async function markersWritten(world: World, ask: Ask, options: ProducerOptions): Promise<void> {
  const transactionalId = transactionalIdOf(world, options)
  if (transactionalId === null || transactionalId === '') return
  const deadlineMs = performance.now() + SETTLE_DEADLINE_MS
  while (performance.now() < deadlineMs) {
    const { transactionStates } = await ask(describeTransactionsApi, 0, { transactionalIds: [transactionalId] })
    if (!transactionStates.some(({ transactionState }) => transactionState.startsWith('Prepare'))) return
    await new Promise((resolve) => setTimeout(resolve, SETTLE_PAUSE_MS))
  }
}

export function describeTransactions(transactionalIds: readonly string[] = [TRANSACTIONAL_ID]): Step {
  return step({
    actor: 'admin',
    api: describeTransactionsApi,
    version: 0,
    request: (world) => ({ transactionalIds: transactionalIds.map((id) => world.named(id)) }),
  })
}

export interface ListOptions {
  readonly version?: number
  readonly states?: readonly string[]
  /** Only those of this actor. */
  readonly of?: string
  readonly durationMs?: number
  /** After the scenario's prefix. */
  readonly pattern?: string
}

export function listTransactions(options: ListOptions = {}): Step {
  const { version = 1 } = options
  return step({
    actor: 'admin',
    api: listTransactionsApi,
    version,
    request: (world) => ({
      stateFilters: options.states ?? [],
      producerIdFilters: options.of === undefined ? [] : [world.producer(options.of).producerId],
      ...(options.durationMs === undefined ? {} : { durationFilter: options.durationMs }),
      ...(options.pattern === undefined ? {} : { transactionalIdPattern: options.pattern.replace('^', `^${world.prefix}`) }),
    }),
  })
}

export interface MarkerOptions extends ProducerOptions {
  readonly partitions?: readonly TransactionPartition[]
  readonly coordinatorEpoch?: number
  readonly transactionVersion?: number
}

/** What a coordinator, or an operator, tells the leaders of partitions. */
export function writeMarkers(actor: string, result: 'commit' | 'abort', options: MarkerOptions = {}): Step {
  const { version = 1, partitions = [['t', 0]], coordinatorEpoch = 0 } = options
  return step({
    actor,
    api: writeTxnMarkersApi,
    version,
    request: (world) => {
      const topics = [...Map.groupBy(partitions, ([topic]) => topic)].map(([topic, each]) => ({
        name: world.named(topic),
        partitionIndexes: each.map(([, partition]) => partition),
      }))
      const transactionVersion = version >= 2 ? { transactionVersion: options.transactionVersion ?? 2 } : {}
      return {
        markers: [
          { ...identity(world, actor, options), transactionResult: result === 'commit', topics, coordinatorEpoch, ...transactionVersion },
        ],
      }
    },
  })
}
