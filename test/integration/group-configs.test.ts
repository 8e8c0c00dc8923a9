/** Configs of a group, from the request of an operator to what its members are told, and across a restart. */
import { join } from 'node:path'
import { type ConfigAlteration, createClient, type DescribedConfig } from '@millrace/client'
import { consumerGroupHeartbeatApi, ERROR_CODES, findCoordinatorApi } from '@millrace/protocol'
import { type RunningBroker, startBroker } from '@millrace/server'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTopic } from './testing/partition-calls.ts'
import { type TemporaryDirectory, temporaryDirectory } from './testing/temporary-directory.ts'
import { WireConnection } from './testing/wire-connection.ts'

const GROUP = { type: 'group', groupId: 'readers' } as const
const INTERVAL = 'consumer.heartbeat.interval.ms'
const SESSION = 'consumer.session.timeout.ms'

let directory: TemporaryDirectory
let broker: RunningBroker

beforeEach(async () => {
  directory = temporaryDirectory()
  broker = await start()
})

afterEach(async () => {
  await broker.close()
  directory[Symbol.dispose]()
})

const start = (): Promise<RunningBroker> => startBroker({ port: 0, dataDir: join(directory.path, 'data') })

async function alter(changes: ConfigAlteration['changes']): Promise<void> {
  await using client = createClient({ brokers: broker.address })
  await client.admin().incrementalAlterConfigs([{ resource: GROUP, changes }])
}

async function described(name: string): Promise<DescribedConfig | undefined> {
  await using client = createClient({ brokers: broker.address })
  const [configs] = await client.admin().describeConfigs([GROUP])
  return configs?.find((config) => config.name === name)
}

/** How long a member that joins, or joins again, is to wait for its next heartbeat. */
async function intervalOfMember(): Promise<number> {
  await using connection = await WireConnection.open(broker)
  const member = { groupId: GROUP.groupId, memberId: 'member', memberEpoch: 0 }
  const subscription = { rebalanceTimeoutMs: 60_000, subscribedTopicNames: ['orders'], topicPartitions: [] }
  let interval = 0
  await expect
    .poll(
      async () => {
        await connection.call(findCoordinatorApi, 4, { keyType: 0, coordinatorKeys: [GROUP.groupId] })
        const answer = await connection.call(consumerGroupHeartbeatApi, 1, { ...member, ...subscription })
        interval = answer.heartbeatIntervalMs
        return answer.errorCode
      },
      { timeout: 30_000, interval: 20 },
    )
    .toBe(ERROR_CODES.NONE)
  return interval
}

it('are what its members are told, before and after a restart, until they are removed', async () => {
  await using connection = await WireConnection.open(broker)
  await createTopic(connection, 'orders', { partitions: 1 })
  const untold = await intervalOfMember()
  await alter([
    { name: INTERVAL, operation: 'set', value: 7_000 },
    { name: SESSION, operation: 'set', value: 50_000 },
  ])
  expect(await intervalOfMember()).toBe(7_000)
  await broker.close()
  broker = await start()
  expect(await described(SESSION)).toMatchObject({ value: '50000', source: 'group' })
  expect(await intervalOfMember()).toBe(7_000)
  await alter([{ name: INTERVAL, operation: 'delete' }])
  expect(await described(INTERVAL)).toMatchObject({ value: '5000', source: 'default' })
  expect(await intervalOfMember()).toBe(untold)
})

it('are refused out of bounds, with the names of the bounds', async () => {
  await expect(alter([{ name: SESSION, operation: 'set', value: 1 }])).rejects.toMatchObject({
    kafkaError: 'INVALID_CONFIG',
    message: expect.stringContaining('group.consumer.min.session.timeout.ms'),
  })
  expect(await described(SESSION)).toMatchObject({ value: '45000', source: 'default' })
})
