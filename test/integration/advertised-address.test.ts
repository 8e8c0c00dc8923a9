/** A client is sent back to the address it came to, so that whatever way worked for its first request works for the next. */
import { describeClusterApi, metadataApi } from '@millrace/protocol'
import { startBroker } from '@millrace/server'
import { expect, it } from 'vitest'
import { WireConnection } from './testing/wire-connection.ts'

async function advertisedTo(host: string, port: number): Promise<readonly (readonly [string, number])[]> {
  await using connection = await WireConnection.open({ host, port })
  const metadata = await connection.call(metadataApi, 12, { topics: [], includeTopicAuthorizedOperations: false })
  const cluster = await connection.call(describeClusterApi, 1, { includeClusterAuthorizedOperations: false, endpointType: 1 })
  return [...metadata.brokers, ...cluster.brokers].map((broker) => [broker.host, broker.port])
}

const twice = <Value>(value: Value): Value[] => [value, value]

it.each([
  ['127.0.0.1', '127.0.0.1', ['127.0.0.1']],
  ['127.0.0.1', 'localhost', ['127.0.0.1']],
  ['127.0.0.2', '127.0.0.2', ['127.0.0.2']],
  ['0.0.0.0', '127.0.0.1', ['127.0.0.1']],
  ['0.0.0.0', '127.0.0.3', ['127.0.0.3']],
  ['::', '127.0.0.1', ['127.0.0.1']],
  ['::', '::1', ['::1']],
  ['::', 'localhost', ['127.0.0.1', '::1']],
  ['::1', '::1', ['::1']],
  ['localhost', 'localhost', ['127.0.0.1', '::1']],
])('listening on %s, it tells a client of %s that it is %j', async (host, connectTo, expected) => {
  await using broker = await startBroker({ host, port: 0, storage: 'memory' })
  const told = await advertisedTo(connectTo, broker.port)
  expect(expected).toContain(told[0]?.[0])
  expect(told).toEqual(twice([told[0]?.[0], broker.port]))
})

it.each([
  ['host and port', { advertisedHost: 'broker.example', advertisedPort: 19_092 }, 'broker.example', 19_092],
  ['host', { advertisedHost: 'broker.example' }, 'broker.example', null],
  ['port', { advertisedPort: 19_092 }, '127.0.0.1', 19_092],
])('tells every client the %s that it was given', async (_name, options, host, port) => {
  await using broker = await startBroker({ port: 0, storage: 'memory', ...options })
  expect(await advertisedTo('127.0.0.1', broker.port)).toEqual(twice([host, port ?? broker.port]))
})
