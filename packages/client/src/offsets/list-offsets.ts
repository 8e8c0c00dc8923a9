/** Finds offsets by meaning (earliest, latest, first at or after a time), asking the leader of each partition. */
import { ERROR_CODES, listOffsetsApi } from '@millrace/protocol'
import { brokerError, CLIENT_ERROR_CODES, ClientError } from '../errors.ts'
import { meansStaleMetadata } from '../kafka-errors.ts'
import type { Cluster } from '../metadata/cluster.ts'
import { retry } from '../network/retry.ts'

export type IsolationLevel = 'read_uncommitted' | 'read_committed'

/** As the protocol has it. */
export function isolationCode(level: IsolationLevel): number {
  return level === 'read_committed' ? 1 : 0
}

/** A time asks for the first record that is not older. `max-timestamp` is the newest record by its timestamp. */
export type OffsetTarget = 'earliest' | 'latest' | 'max-timestamp' | { readonly timestamp: number }

export interface OffsetQuery {
  readonly topic: string
  readonly partition: number
  readonly target: OffsetTarget
}

export interface OffsetAnswer {
  readonly topic: string
  readonly partition: number
  /** Null when no record is as new as the time asked for. */
  readonly offset: number | null
  readonly timestamp: number | null
  readonly leaderEpoch: number | null
}

const TARGET_CODES = { latest: -1, earliest: -2, 'max-timestamp': -3 } as const
/** The first version of ListOffsets that knows -3. */
const MAX_TIMESTAMP_VERSION = 7

interface Question extends OffsetQuery {
  readonly leaderEpoch: number
}

/** The answers, in the order of the queries. Rejects with the first error that does not pass. */
export async function listOffsets(
  cluster: Cluster,
  queries: readonly OffsetQuery[],
  isolationLevel: IsolationLevel,
): Promise<OffsetAnswer[]> {
  const answers = new Map<string, OffsetAnswer>()
  const deadlineMs = cluster.nowMs + cluster.settings.retryTimeoutMs
  await retry(cluster.settings, cluster.closing, deadlineMs, async () => {
    const open = queries.filter((query) => !answers.has(keyOf(query)))
    const byLeader = await groupByLeader(cluster, open)
    const asked = [...byLeader].map(([leaderId, questions]) => ask(cluster, leaderId, questions, isolationLevel, answers))
    const failed = (await Promise.allSettled(asked)).find((outcome) => outcome.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  })
  return queries.map((query) => {
    const answer = answers.get(keyOf(query))
    if (answer === undefined) throw new ClientError(CLIENT_ERROR_CODES.malformedResponse, `no offset for ${keyOf(query)}`)
    return answer
  })
}

async function groupByLeader(cluster: Cluster, queries: readonly OffsetQuery[]): Promise<Map<number, Question[]>> {
  const byLeader = new Map<number, Question[]>()
  for (const query of queries) {
    const { topic, partition } = query
    const view = (await cluster.topic(topic)).partitions[partition]
    if (view === undefined) throw brokerError(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, { topic, partition })
    if (view.leaderId === null) {
      cluster.invalidate(topic)
      throw brokerError(ERROR_CODES.LEADER_NOT_AVAILABLE, { topic, partition })
    }
    const question = { ...query, leaderEpoch: view.leaderEpoch }
    const questions = byLeader.get(view.leaderId)
    if (questions === undefined) byLeader.set(view.leaderId, [question])
    else questions.push(question)
  }
  return byLeader
}

async function ask(
  cluster: Cluster,
  leaderId: number,
  questions: readonly Question[],
  isolationLevel: IsolationLevel,
  answers: Map<string, OffsetAnswer>,
): Promise<void> {
  try {
    const connection = await cluster.connectionTo(leaderId)
    const wantsMaxTimestamp = questions.some(({ target }) => target === 'max-timestamp')
    if (wantsMaxTimestamp && connection.versionOf(listOffsetsApi) < MAX_TIMESTAMP_VERSION) {
      throw new ClientError(CLIENT_ERROR_CODES.unsupported, `${connection.address} cannot look up the newest timestamp`)
    }
    const { requestTimeoutMs } = cluster.settings
    const body = { replicaId: -1, isolationLevel: isolationCode(isolationLevel), topics: byTopic(questions), timeoutMs: requestTimeoutMs }
    const response = await connection.request(listOffsetsApi, body)
    let failure: ClientError | null = null
    for (const topic of response.topics) {
      for (const entry of topic.partitions) {
        const partition = entry.partitionIndex
        if (entry.errorCode === ERROR_CODES.NONE) {
          const answer = { topic: topic.name, partition, offset: orNull(entry.offset), timestamp: orNull(entry.timestamp) }
          answers.set(keyOf(answer), { ...answer, leaderEpoch: orNull(entry.leaderEpoch) })
          continue
        }
        if (meansStaleMetadata(entry.errorCode)) cluster.invalidate(topic.name)
        failure ??= brokerError(entry.errorCode, { topic: topic.name, partition })
      }
    }
    if (failure !== null) throw failure
  } catch (error) {
    // A broker that cannot be reached may have lost its partitions to another one.
    if (error instanceof ClientError && error.kafkaErrorCode === null) for (const { topic } of questions) cluster.invalidate(topic)
    throw error
  }
}

function byTopic(questions: readonly Question[]) {
  const topics = new Map<string, { partitionIndex: number; currentLeaderEpoch: number; timestamp: number }[]>()
  for (const { topic, partition, target, leaderEpoch } of questions) {
    const timestamp = typeof target === 'object' ? target.timestamp : TARGET_CODES[target]
    const entry = { partitionIndex: partition, currentLeaderEpoch: leaderEpoch, timestamp }
    const entries = topics.get(topic)
    if (entries === undefined) topics.set(topic, [entry])
    else entries.push(entry)
  }
  return [...topics].map(([name, partitions]) => ({ name, partitions }))
}

function keyOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}-${partition}`
}

function orNull(value: number): number | null {
  return value < 0 ? null : value
}
