/** Asks about partitions the brokers that lead them, following leaders that move. */
import { asClientError, CLIENT_ERROR_CODES, ClientError } from '../errors.ts'
import { meansStaleMetadata } from '../kafka-errors.ts'
import { forgetLeaders, groupByLeader, groupByTopic, partitionKey, type PartitionName } from '../metadata/by-leader.ts'
import type { Cluster } from '../metadata/cluster.ts'
import type { BrokerConnection } from '../network/broker-connection.ts'
import { describeTopics } from './describe-topics.ts'
import { isPassing, settleEach, unanswered } from './settle-each.ts'

/** One request to one leader: the outcomes of the partitions that its answer mentions. */
export type LeaderRequest<Item, Result> = (
  connection: BrokerConnection,
  topics: readonly { readonly name: string; readonly partitions: readonly Item[] }[],
) => Promise<readonly LeaderOutcome<Result>[]>

export interface LeaderOutcome<Result> extends PartitionName {
  readonly outcome: Result | ClientError
}

/** The results in the order of the items. Only for requests that may be carried out any number of times. */
export async function askLeaders<Item extends PartitionName, Result>(
  cluster: Cluster,
  items: readonly Item[],
  request: LeaderRequest<Item, Result>,
): Promise<Result[]> {
  // A topic that does not exist is told at once; one that a leader does not know may be on its way there.
  await describeTopics(cluster, [...new Set(items.map(({ topic }) => topic))])
  return settleEach(cluster, items, {
    mayRepeat: isPassing,
    exchange: async (open) => {
      const outcomes = new Map<string, Result | ClientError>()
      const byLeader = await groupByLeader(cluster, open)
      await Promise.all([...byLeader].map(([leaderId, group]) => askLeader(cluster, leaderId, group, request, outcomes)))
      return open.map((item) => outcomes.get(partitionKey(item)) ?? unanswered(`"${item.topic}" partition ${item.partition}`))
    },
  })
}

/** Never rejects: what goes wrong is the outcome of each partition. */
async function askLeader<Item extends PartitionName, Result>(
  cluster: Cluster,
  leaderId: number,
  group: readonly Item[],
  request: LeaderRequest<Item, Result>,
  outcomes: Map<string, Result | ClientError>,
): Promise<void> {
  try {
    const connection = await cluster.connectionTo(leaderId)
    for (const entry of await request(
      connection,
      groupByTopic(group, (item) => item),
    )) {
      const { outcome } = entry
      const isStale = outcome instanceof ClientError && outcome.kafkaErrorCode !== null && meansStaleMetadata(outcome.kafkaErrorCode)
      if (isStale) cluster.invalidate(entry.topic)
      outcomes.set(partitionKey(entry), outcome)
    }
  } catch (error) {
    forgetLeaders(cluster, group, error)
    const failure = asClientError(error, CLIENT_ERROR_CODES.malformedResponse)
    for (const item of group) outcomes.set(partitionKey(item), failure)
  }
}
