/** A broker that cannot go on says why, so that whoever runs it ends the process instead of keeping one that serves nothing. */
import { createMemoryDisk } from '@millrace/runtime'
import { configurationFor, startConfiguredBroker } from '@millrace/server'
import { expect, it } from 'vitest'
import { createTopic, produce } from './testing/partition-calls.ts'
import { WireConnection } from './testing/wire-connection.ts'

it('a failed flush ends it, with the path of what failed', async () => {
  const memory = createMemoryDisk()
  const configuration = configurationFor({ port: 0, storage: 'memory', logLevel: 'silent' })
  await using broker = await startConfiguredBroker(configuration, { memory })
  await using connection = await WireConnection.open(broker)
  await createTopic(connection, 'orders')
  memory.failNext({ operation: 'sync', pathIncludes: 'orders-0' })
  await produce(connection, 'orders', ['value'])
  await expect(broker.failed).rejects.toThrow(/orders-0/)
})
