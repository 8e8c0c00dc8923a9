/** What a local cluster says of itself when it is asked as any client would ask it. */
import { createClient } from '@millrace/client'

export interface ClusterProbe {
  /** The brokers that take part, as the broker at this address sees it; null when it does not answer. */
  brokersSeenAt(address: string): Promise<readonly number[] | null>
  /** Partitions that have fewer replicas in sync than they should have, or no leader; null when nobody can say. */
  unhealthyPartitions(addresses: string): Promise<number | null>
}

const ANSWER_DEADLINE_MS = 2_000

export const clientProbe: ClusterProbe = {
  async brokersSeenAt(address) {
    return ask(address, async (admin) =>
      (await admin.describeCluster()).brokers.filter(({ isFenced }) => !isFenced).map(({ nodeId }) => nodeId),
    )
  },
  async unhealthyPartitions(addresses) {
    return ask(addresses, async (admin) => {
      const topics = await admin.listTopics({ includeInternal: true })
      return topics
        .flatMap(({ partitions }) => partitions)
        .filter(({ leaderId, isr, replicas }) => leaderId === null || isr.length < replicas.length).length
    })
  },
}

type Admin = ReturnType<ReturnType<typeof createClient>['admin']>

async function ask<Answer>(brokers: string, question: (admin: Admin) => Promise<Answer>): Promise<Answer | null> {
  await using client = createClient({
    brokers,
    clientId: 'millrace-cluster',
    connectTimeoutMs: ANSWER_DEADLINE_MS,
    requestTimeoutMs: ANSWER_DEADLINE_MS,
    retryTimeoutMs: ANSWER_DEADLINE_MS,
  })
  try {
    await client.connect()
    return await question(client.admin())
  } catch {
    return null
  }
}
