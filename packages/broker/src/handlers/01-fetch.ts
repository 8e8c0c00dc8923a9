/**
 * Fetch (API key 1), versions 4-18.
 *
 * Answers consumers from the log: up to the high watermark, or up to the last stable offset for `read_committed`; and followers up
 * to the log's end. What a follower asks for tells its leader what it has. A fetch that finds fewer than `minBytes` waits in the
 * purgatory until its partitions have more or `maxWaitMs` is over; a follower may send its next request meanwhile, which ends the
 * waiting of the one before. Records leave as they lie on disk; large ranges go from the page
 * cache to the socket without passing through us.
 *
 * Version notes: 4 isolation level; 5 log start offset; 7 fetch sessions (KIP-227); 9 current leader epoch (KIP-320); 12
 * diverging epoch (KIP-595); 13 topic ids (KIP-516); 15 the replica's identity moves into a tagged field, with the epoch of its
 * broker (KIP-903). From 11 on consumers may read from followers, and are sent to one in their rack where the broker selects so
 * (KIP-392). 16 names the current leader beside NOT_LEADER_OR_FOLLOWER and FENCED_LEADER_EPOCH (KIP-951); 18 has the high watermark
 * that a replica knows (KIP-1166), and answers it as soon as there is a higher one.
 */
import { ERROR_CODES, fetchApi } from '@millrace/protocol'
import type { Decoded, Encodable, ErrorCode, fetchRequest, fetchResponse } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { ChangedTargets } from '../fetch/changed-targets.ts'
import { FetchPlan } from '../fetch/fetch-plan.ts'
import type { FetchReader, PartitionOutcome } from '../fetch/fetch-plan.ts'
import type { SessionOutcome } from '../fetch/fetch-session-cache.ts'
import { newTarget, NO_SESSION } from '../fetch/fetch-session.ts'
import type { FetchSession, FetchTarget } from '../fetch/fetch-session.ts'
import { type FetchTargets, NamedTargets } from '../fetch/fetch-targets.ts'
import { FetchWaiter } from '../fetch/fetch-waiter.ts'
import { LEADER_ITSELF, preferredReplica } from '../fetch/preferred-replica.ts'
import type { Partition } from '../partition/partition.ts'
import { type CurrentLeader, currentLeader, endpointsOf } from './current-leader.ts'
import { defineHandler, LATER } from './handler.ts'
import type { Handler } from './handler.ts'

type FetchRequest = Decoded<typeof fetchRequest>
type FetchResponse = Encodable<typeof fetchResponse>

const FIRST_TOPIC_ID_VERSION = 13
const FIRST_SESSION_VERSION = 7
const FIRST_FOLLOWER_READ_VERSION = 11
const FIRST_CURRENT_LEADER_VERSION = 16
const READ_COMMITTED = 1
/** Replica ids from here on are brokers; -1 is a consumer, -2 a debugging consumer. */
const FIRST_REPLICA_ID = 0

export function fetchHandler(services: BrokerServices): Handler {
  return defineHandler(fetchApi, (request, context) => {
    const usesTopicIds = context.apiVersion >= FIRST_TOPIC_ID_VERSION
    // Before the session changes: what is answered now belongs to the request before.
    services.fetchSessions.hurry(request.sessionId)
    const sessionOutcome = services.fetchSessions.resolve({
      sessionId: context.apiVersion >= FIRST_SESSION_VERSION ? request.sessionId : NO_SESSION,
      sessionEpoch: context.apiVersion >= FIRST_SESSION_VERSION ? request.sessionEpoch : -1,
      usesTopicIds,
      // Anybody can say to be a broker. Those that there are have a session each, and there are only so many.
      replicaId: services.feed.image().brokers.has(replicaIdOf(request)) ? replicaIdOf(request) : null,
      targets: targetsOf(request, usesTopicIds),
      forgotten: forgottenOf(request),
    })
    if (sessionOutcome.type === 'error') {
      return { throttleTimeMs: 0, errorCode: sessionOutcome.errorCode, sessionId: NO_SESSION, responses: [] }
    }
    const reader = readerOf(request, context.apiVersion)
    const { session } = sessionOutcome
    const targets = targetsFor(sessionOutcome, usesTopicIds, reader)
    const maxBytes = Math.min(request.maxBytes, services.settings().fetchMaxBytes)
    const limits = {
      // A client that asks for more than it may have would wait for it in vain.
      minBytes: Math.min(request.minBytes, maxBytes),
      maxBytes,
      isReadCommitted: request.isolationLevel === READ_COMMITTED,
    }
    const plan = new FetchPlan(targets, limits, reader, (error) => services.errorCodeOf(error))

    const onlyChanges = sessionOutcome.type === 'incremental'
    const namesLeaders = context.apiVersion >= FIRST_CURRENT_LEADER_VERSION
    const answer = (outcomes: PartitionOutcome[]): void => {
      if (session !== null) session.hurry = null
      const leaders: CurrentLeader[] = []
      const leaderOf = (outcome: PartitionOutcome): CurrentLeader | null => {
        const leader = namesLeaders ? currentLeader(services, outcome.target, outcome.errorCode) : null
        if (leader !== null) leaders.push(leader)
        return leader
      }
      const response = responseOf(outcomes, session, onlyChanges, leaderOf)
      targets.looked(outcomes)
      context.respond(leaders.length === 0 ? response : { ...response, nodeEndpoints: endpointsOf(services, context.local, leaders) })
    }
    const start = (): void => {
      const outcomes = plan.evaluate()
      if (request.maxWaitMs <= 0 || targets.isEmpty || plan.isEnough(outcomes)) return answer(outcomes)
      plan.goOn(outcomes)
      const waiter = new FetchWaiter(plan, services.clock, request.maxWaitMs, answer)
      context.onDisconnect(() => waiter.cancel())
      context.onDrain(() => waiter.finishNow())
      if (session === null || reader.replica === null) return
      session.hurry = () => waiter.finishNow()
      context.releaseOrder()
    }
    const opening = plan.openLogs()
    if (opening === null) start()
    else {
      opening.then(start).catch((error: unknown) => {
        services.logger.error('fetch failed', { error })
        context.close('internal error')
      })
    }
    return LATER
  })

  /** A follower's session knows which of its partitions there is anything to say of; of all others everything is looked at. */
  function targetsFor(
    outcome: Exclude<SessionOutcome, { readonly type: 'error' }>,
    usesTopicIds: boolean,
    reader: FetchReader,
  ): FetchTargets {
    const { session } = outcome
    const find = (target: FetchTarget): Partition | ErrorCode => findPartition(target, usesTopicIds, reader)
    if (session === null || reader.replica === null) {
      return new NamedTargets(
        outcome.targets.map((target) => ({ target, partition: find(target) })),
        reader.replica !== null,
      )
    }
    const changes = session.changes ?? new ChangedTargets(services.clock, session, find)
    if (session.changes === null) session.keepChanges(changes)
    changes.begin(reader.replica)
    return changes
  }

  function findPartition({ topic, topicId, index }: FetchTarget, usesTopicIds: boolean, reader: FetchReader): Partition | ErrorCode {
    const { partitions } = services
    if (reader.mayReadFollowers) return usesTopicIds ? partitions.findReadableById(topicId, index) : partitions.findReadable(topic, index)
    return usesTopicIds ? partitions.findById(topicId, index) : partitions.find(topic, index)
  }

  function readerOf(request: FetchRequest, version: number): FetchReader {
    const id = replicaIdOf(request)
    const isReplica = id >= FIRST_REPLICA_ID
    const selectsByRack = !isReplica && request.rackId !== '' && services.settings().selectsReplicaByRack
    const select = (partition: Partition, fetchOffset: number): number => {
      const state = partition.isLeader ? partition.replica : null
      return state === null ? LEADER_ITSELF : preferredReplica(state, services.feed.image().brokers, request.rackId, fetchOffset)
    }
    return {
      replica: isReplica ? { id, brokerEpoch: request.replicaState.replicaEpoch } : null,
      mayReadFollowers: !isReplica && version >= FIRST_FOLLOWER_READ_VERSION,
      preferredReplica: selectsByRack ? select : () => LEADER_ITSELF,
    }
  }
}

/** -1 of consumers. */
function replicaIdOf(request: FetchRequest): number {
  return Math.max(request.replicaId, request.replicaState.replicaId)
}

function targetsOf(request: FetchRequest, usesTopicIds: boolean): FetchTarget[] {
  const targets: FetchTarget[] = []
  for (const topic of request.topics) {
    for (const partition of topic.partitions) {
      const position = {
        topic: usesTopicIds ? '' : topic.topic,
        topicId: topic.topicId,
        index: partition.partition,
        fetchOffset: partition.fetchOffset,
        maxBytes: partition.partitionMaxBytes,
        currentLeaderEpoch: partition.currentLeaderEpoch,
        lastFetchedEpoch: partition.lastFetchedEpoch,
        logStartOffset: partition.logStartOffset,
        knownHighWatermark: Number(partition.highWatermark),
      }
      targets.push(newTarget(position))
    }
  }
  return targets
}

function forgottenOf(request: FetchRequest): { topic: string; topicId: string; index: number }[] {
  return request.forgottenTopicsData.flatMap(({ topic, topicId, partitions }) => partitions.map((index) => ({ topic, topicId, index })))
}

function responseOf(
  outcomes: readonly PartitionOutcome[],
  session: FetchSession | null,
  onlyChanges: boolean,
  leaderOf: (outcome: PartitionOutcome) => CurrentLeader | null,
): FetchResponse {
  const topics = new Map<string, { topic: string; topicId: string; partitions: PartitionBody[] }>()
  for (const outcome of outcomes) {
    const { target } = outcome
    const isWorthTelling = !onlyChanges || hasNews(outcome)
    if (session !== null) {
      const { errorCode, highWatermark, logStartOffset } = outcome
      target.lastAnswer = errorCode === ERROR_CODES.NONE ? { highWatermark, logStartOffset } : REFUSED
      if (outcome.sizeBytes > 0) session.moveToEnd(target)
    }
    if (!isWorthTelling) continue
    const key = `${target.topicId}/${target.topic}`
    let topic = topics.get(key)
    if (topic === undefined) topics.set(key, (topic = { topic: target.topic, topicId: target.topicId, partitions: [] }))
    const leader = leaderOf(outcome)
    topic.partitions.push(leader === null ? bodyOf(outcome) : { ...bodyOf(outcome), currentLeader: leader })
  }
  return {
    throttleTimeMs: 0,
    errorCode: ERROR_CODES.NONE,
    sessionId: session?.id ?? NO_SESSION,
    responses: [...topics.values()],
  }
}

/** What is news to who was refused: that the error is over. */
const REFUSED = { highWatermark: -1, logStartOffset: -1 }

/** What makes a partition part of an incremental answer. */
function hasNews(outcome: PartitionOutcome): boolean {
  const last = outcome.target.lastAnswer
  return (
    last === null ||
    outcome.sizeBytes > 0 ||
    outcome.errorCode !== ERROR_CODES.NONE ||
    outcome.divergingEpoch !== null ||
    outcome.preferredReadReplica >= 0 ||
    outcome.highWatermark !== last.highWatermark ||
    outcome.logStartOffset !== last.logStartOffset
  )
}

type PartitionBody = FetchResponse['responses'][number]['partitions'][number]

function bodyOf(outcome: PartitionOutcome): PartitionBody {
  const body = {
    partitionIndex: outcome.target.index,
    errorCode: outcome.errorCode as ErrorCode,
    highWatermark: outcome.highWatermark,
    lastStableOffset: outcome.lastStableOffset,
    logStartOffset: outcome.logStartOffset,
    abortedTransactions: outcome.abortedTransactions,
    preferredReadReplica: outcome.preferredReadReplica,
    // Never null: old clients do not expect it.
    records: outcome.records ?? NO_RECORDS,
  }
  return outcome.divergingEpoch === null ? body : { ...body, divergingEpoch: outcome.divergingEpoch }
}

const NO_RECORDS = new Uint8Array(0)
