/** Finds offsets by meaning (earliest, latest, first at or after a time), asking the leader of each partition. */
import { ERROR_CODES, listOffsetsApi } from '@millrace/protocol'
import { brokerError, CLIENT_ERROR_CODES, ClientError } from '../errors.ts'
import { meansStaleMetadata } from '../kafka-errors.ts'
import { forgetLeaders, groupByLeader, groupByTopic, type Led, partitionKey } from '../metadata/by-leader.ts'
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

/** The answers, in the order of the queries. Rejects with the first error that does not pass. */
export async function listOffsets(
  cluster: Cluster,
  queries: readonly OffsetQuery[],
  isolationLevel: IsolationLevel,
): Promise<OffsetAnswer[]> {
  const answers = new Map<OffsetQuery, OffsetAnswer>()
  const rounds = withoutRepetition(queries).map((round) => answerRound(cluster, round, isolationLevel, answers))
  const failed = (await Promise.allSettled(rounds)).find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return queries.map((query) => {
    const answer = answers.get(query)
    if (answer === undefined) throw new ClientError(CLIENT_ERROR_CODES.malformedResponse, `no offset for ${partitionKey(query)}`)
    return answer
  })
}

/** Brokers refuse a request that asks for two offsets of one partition, so that takes two requests. */
function withoutRepetition(queries: readonly OffsetQuery[]): OffsetQuery[][] {
  const rounds: OffsetQuery[][] = []
  const asked = new Map<string, number>()
  for (const query of queries) {
    const round = asked.get(partitionKey(query)) ?? 0
    asked.set(partitionKey(query), round + 1)
    const others = rounds[round]
    if (others === undefined) rounds.push([query])
    else others.push(query)
  }
  return rounds
}

async function answerRound(
  cluster: Cluster,
  round: readonly OffsetQuery[],
  isolationLevel: IsolationLevel,
  answers: Map<OffsetQuery, OffsetAnswer>,
): Promise<void> {
  const deadlineMs = cluster.nowMs + cluster.settings.retryTimeoutMs
  await retry(cluster.settings, cluster.closing, deadlineMs, async () => {
    const open = round.filter((query) => !answers.has(query))
    const found = new Map<string, OffsetAnswer>()
    const byLeader = await groupByLeader(cluster, open)
    const asked = [...byLeader].map(([leaderId, questions]) => ask(cluster, leaderId, questions, isolationLevel, found))
    const failed = (await Promise.allSettled(asked)).find((outcome) => outcome.status === 'rejected')
    for (const query of open) {
      const answer = found.get(partitionKey(query))
      if (answer !== undefined) answers.set(query, answer)
    }
    if (failed !== undefined) throw failed.reason
  })
}

async function ask(
  cluster: Cluster,
  leaderId: number,
  questions: readonly Led<OffsetQuery>[],
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
    const body = {
      replicaId: -1,
      isolationLevel: isolationCode(isolationLevel),
      topics: groupByTopic(questions, toWire),
      timeoutMs: requestTimeoutMs,
    }
    const response = await connection.request(listOffsetsApi, body)
    let failure: ClientError | null = null
    for (const topic of response.topics) {
      for (const entry of topic.partitions) {
        const partition = entry.partitionIndex
        if (entry.errorCode === ERROR_CODES.NONE) {
          const answer = { topic: topic.name, partition, offset: orNull(entry.offset), timestamp: orNull(entry.timestamp) }
          answers.set(partitionKey(answer), { ...answer, leaderEpoch: orNull(entry.leaderEpoch) })
          continue
        }
        if (meansStaleMetadata(entry.errorCode)) cluster.invalidate(topic.name)
        failure ??= brokerError(entry.errorCode, { topic: topic.name, partition })
      }
    }
    if (failure !== null) throw failure
  } catch (error) {
    forgetLeaders(cluster, questions, error)
    throw error
  }
}

function toWire({ partition, target, leaderEpoch }: Led<OffsetQuery>) {
  const timestamp = typeof target === 'object' ? target.timestamp : TARGET_CODES[target]
  return { partitionIndex: partition, currentLeaderEpoch: leaderEpoch, timestamp }
}

function orNull(value: number): number | null {
  return value < 0 ? null : value
}
