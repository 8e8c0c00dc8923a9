/** What the coordinator of a group has answered outlives it: its process, its broker, and its first use of a directory. */
import { createClient } from '@millrace/client'
import {
  ERROR_CODES,
  findCoordinatorApi,
  heartbeatApi,
  joinGroupApi,
  offsetCommitApi,
  offsetFetchApi,
  syncGroupApi,
} from '@millrace/protocol'
import { type RunningCluster, startBroker, startCluster } from '@millrace/server'
import { Kafka, logLevel } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { BrokerProcess } from '../integration/testing/broker-process.ts'
import { createTopic } from '../integration/testing/partition-calls.ts'
import { temporaryDirectory } from '../integration/testing/temporary-directory.ts'
import { type BrokerAddress, WireConnection } from '../integration/testing/wire-connection.ts'

const TOPIC = 'orders'
const { COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NONE, NOT_COORDINATOR } = ERROR_CODES
const MOVING: ReadonlySet<number> = new Set([COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR])

/** Asks whoever coordinates the group, and looks for it again as long as it moves; as clients do. */
class GroupClient {
  readonly #bootstrap: () => readonly BrokerAddress[]
  readonly #groupId: string
  /** Errors that it was told on the way. */
  readonly detours: number[] = []

  constructor(groupId: string, bootstrap: () => readonly BrokerAddress[]) {
    this.#groupId = groupId
    this.#bootstrap = bootstrap
  }

  async ask<Answer>(question: (connection: WireConnection) => Promise<Answer>, errorOf: (answer: Answer) => number): Promise<Answer> {
    const untilMs = Date.now() + 20_000
    for (;;) {
      const answer = await this.#attempt(question)
      const errorCode = answer === null ? COORDINATOR_NOT_AVAILABLE : errorOf(answer)
      if (answer !== null && !MOVING.has(errorCode)) return answer
      this.detours.push(errorCode)
      if (Date.now() > untilMs) throw new Error(`the coordinator stays away: ${this.detours.slice(-5).join(' ')}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  async commit(offset: number): Promise<void> {
    const topics = [{ name: TOPIC, partitions: [{ partitionIndex: 0, committedOffset: offset, committedMetadata: '' }] }]
    const answer = await this.ask(
      (connection) => connection.call(offsetCommitApi, 8, { groupId: this.#groupId, memberId: '', topics }),
      ({ topics: [topic] }) => topic?.partitions[0]?.errorCode ?? -1,
    )
    expect(answer.topics[0]?.partitions[0]?.errorCode).toBe(NONE)
  }

  async committed(): Promise<number | undefined> {
    const answer = await this.ask(
      (connection) => connection.call(offsetFetchApi, 8, { groups: [{ groupId: this.#groupId, topics: null }] }),
      ({ groups }) => groups[0]?.errorCode ?? -1,
    )
    return answer.groups[0]?.topics[0]?.partitions[0]?.committedOffset
  }

  async coordinator(): Promise<number> {
    const found = await this.#attempt(async (_connection, nodeId) => nodeId)
    return found ?? -1
  }

  async #attempt<Answer>(question: (connection: WireConnection, nodeId: number) => Promise<Answer>): Promise<Answer | null> {
    for (const bootstrap of this.#bootstrap()) {
      try {
        await using first = await WireConnection.open(bootstrap)
        const found = await first.call(findCoordinatorApi, 2, { keyType: 0, key: this.#groupId })
        if (found.errorCode !== NONE) continue
        await using connection = await WireConnection.open(found)
        return await question(connection, found.nodeId)
      } catch {
        // Whoever is dead does not answer; another may.
      }
    }
    return null
  }
}

/** kafkajs comes back as a new member after it lost a broker; the old one is in the way until its session ends. */
const QUICK = { sessionTimeout: 6_000, rebalanceTimeout: 8_000, heartbeatInterval: 100, maxWaitTimeInMs: 100 }

const addressOf = (text: string): BrokerAddress => ({
  host: text.slice(0, text.lastIndexOf(':')),
  port: Number(text.slice(text.lastIndexOf(':') + 1)),
})
const running = (cluster: RunningCluster): BrokerAddress[] =>
  cluster.nodes.filter((node) => node.isRunning).map(({ address }) => addressOf(address))

describe('a coordinator', () => {
  it('is there for the first who asks, without an error', async () => {
    await using broker = await startBroker({ port: 0, storage: 'memory' })
    await using connection = await WireConnection.open(broker)
    await createTopic(connection, TOPIC)
    const client = new GroupClient('g', () => [broker])
    await client.commit(7)
    expect(await client.committed()).toBe(7)
    expect(client.detours).toEqual([])
  })

  it.each(['SIGKILL', 'SIGTERM'] as const)('knows after %s of its process what it had answered', async (signal) => {
    using directory = temporaryDirectory()
    await using broker = await BrokerProcess.start({ dataDir: directory.path })
    await using connection = await WireConnection.open(broker)
    await createTopic(connection, TOPIC)
    const client = new GroupClient('g', () => [broker])
    for (let round = 1; round <= 2; round += 1) {
      for (let each = 1; each <= 20; each += 1) await client.commit(round * 100 + each)
      await broker.stop(signal)
      await broker.start()
      expect(await client.committed()).toBe(round * 100 + 20)
    }
  })

  it('has successors on other brokers, which know what it had answered, and the members of its group stay', async () => {
    await using cluster = await startCluster({ logLevel: 'silent' })
    await using admin = createClient({ brokers: cluster.brokers })
    await admin.admin().createTopics([{ name: TOPIC, partitions: 1 }])
    const client = new GroupClient('g', () => running(cluster))
    await client.commit(1)
    const member = await joinAlone(client)
    for (let offset = 2; offset <= 4; offset += 1) {
      const nodeId = await client.coordinator()
      await cluster.node(nodeId).kill()
      expect(await client.committed()).toBe(offset - 1)
      expect(await client.coordinator()).not.toBe(nodeId)
      const { errorCode } = await client.ask(
        (connection) => connection.call(heartbeatApi, 3, { groupId: 'g', ...member }),
        (answer) => answer.errorCode,
      )
      expect(errorCode).toBe(NONE)
      await commitAs(client, member, offset)
      await cluster.node(nodeId).start()
      await cluster.ready()
    }
    const [topic] = await admin.admin().describeTopics(['__consumer_offsets'])
    expect(topic?.partitions).toHaveLength(50)
    for (const { replicas } of topic?.partitions ?? []) expect(replicas).toHaveLength(3)
  })

  it('that dies is lost to nobody: members of kafkajs go on, and read what is produced meanwhile', async () => {
    await using cluster = await startCluster({ logLevel: 'silent' })
    await using client = createClient({ brokers: cluster.brokers })
    await client.admin().createTopics([{ name: TOPIC, partitions: 3 }])
    const kafka = new Kafka({
      brokers: cluster.brokers.split(','),
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 50, retries: 20 },
    })
    const consumer = kafka.consumer({ groupId: 'g', ...QUICK })
    const seen = new Set<string>()
    await consumer.connect()
    await consumer.subscribe({ topic: TOPIC, fromBeginning: true })
    await consumer.run({ eachMessage: async ({ message }) => void seen.add(String(message.value)) })
    const producer = client.producer()
    const produceTen = (first: number) =>
      Promise.all(Array.from({ length: 10 }, (_, index) => producer.send({ topic: TOPIC, value: `${first + index}` })))
    await produceTen(0)
    await expect.poll(() => seen.size, { timeout: 20_000 }).toBe(10)
    const victim = await new GroupClient('g', () => running(cluster)).coordinator()
    await cluster.node(victim).kill()
    await produceTen(10)
    await expect.poll(() => seen.size, { timeout: 40_000 }).toBe(20)
    await consumer.disconnect()
  })
})

interface Member {
  readonly memberId: string
  readonly generationId: number
}

/** The only member of the group. */
async function joinAlone(client: GroupClient): Promise<Member> {
  const joining = { groupId: 'g', sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 30_000, protocolType: 'consumer' }
  const protocols = [{ name: 'range', metadata: new Uint8Array(4) }]
  const { memberId, generationId } = await client.ask(
    (connection) => connection.call(joinGroupApi, 3, { ...joining, memberId: '', protocols }),
    ({ errorCode }) => errorCode,
  )
  const assignments = [{ memberId, assignment: new Uint8Array(4) }]
  await client.ask(
    (connection) => connection.call(syncGroupApi, 3, { groupId: 'g', memberId, generationId, assignments }),
    ({ errorCode }) => errorCode,
  )
  return { memberId, generationId }
}

async function commitAs(client: GroupClient, { memberId, generationId }: Member, offset: number): Promise<void> {
  const topics = [{ name: TOPIC, partitions: [{ partitionIndex: 0, committedOffset: offset, committedMetadata: '' }] }]
  const answer = await client.ask(
    (connection) => connection.call(offsetCommitApi, 8, { groupId: 'g', memberId, generationIdOrMemberEpoch: generationId, topics }),
    ({ topics: [topic] }) => topic?.partitions[0]?.errorCode ?? -1,
  )
  expect(answer.topics[0]?.partitions[0]?.errorCode).toBe(NONE)
}
