/** What scenarios with several nodes need of a cluster: that it is ready, its topics, and how far its replicas are. */
import { type Admin, type Client, createClient } from '@millrace/client'
import type { RunningBroker } from '../brokers/launcher.ts'

const RETRY_MS = 100
const DEADLINE_MS = 120_000

export type ClusterTopic = {
  readonly name: string
  /** The brokers of each partition, the leader first. */
  readonly assignments: readonly (readonly number[])[]
  readonly configs?: Readonly<Record<string, string>>
}

export class ClusterAdmin implements AsyncDisposable {
  readonly brokers: string
  readonly client: Client
  readonly admin: Admin

  constructor(nodes: readonly RunningBroker[]) {
    this.brokers = nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')
    this.client = createClient({ brokers: this.brokers })
    this.admin = this.client.admin()
  }

  /** Resolves when this many brokers take part, and a controller is known. */
  async awaitBrokers(count: number): Promise<void> {
    await until(`${count} brokers`, async () => {
      const { brokers, controllerId } = await this.admin.describeCluster()
      return brokers.filter(({ isFenced }) => !isFenced).length === count && controllerId !== null
    })
  }

  async createTopic({ name, assignments, configs = {} }: ClusterTopic): Promise<void> {
    await this.admin.createTopics([{ name, assignments, configs }])
    await this.awaitInSync(name)
    // What one broker says of another is not yet what that one knows: the leaders are asked themselves.
    await this.admin.listOffsets(assignments.map((_, partition) => ({ topic: name, partition, target: 'latest' })))
  }

  /** Resolves when every partition of the topic is led and every replica is in sync. */
  async awaitInSync(topic: string): Promise<void> {
    await until(`all replicas of ${topic}`, async () => {
      const [view] = await this.admin.describeTopics([topic])
      return view?.partitions.every(({ leaderId, isr, replicas }) => leaderId !== null && isr.length === replicas.length) === true
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close()
  }
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS
  for (;;) {
    // Nobody listens yet, or nobody leads: both pass.
    if (await isSo().catch(() => false)) return
    if (performance.now() > deadlineMs) throw new Error(`the cluster does not come to have ${what}`)
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}
