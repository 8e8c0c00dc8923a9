/** A broker does not pay for what it may never need: each part of the code is there when it is first needed, and not before. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** How many files of `part` a process has loaded, each time that `work` calls `note()`. */
async function filesLoaded(part: RegExp, work: string): Promise<number[]> {
  const program = `
    import { registerHooks } from 'node:module'
    const loaded = new Set()
    registerHooks({
      load(url, context, next) {
        loaded.add(url)
        return next(url, context)
      },
    })
    const note = () => console.log([...loaded].filter((url) => ${String(part)}.test(url)).length)
    ${work}
  `
  const options = ['--conditions=@millrace/source', '--input-type=module', '--eval', program]
  const { stdout } = await promisify(execFile)(process.execPath, options, { cwd: ROOT })
  return stdout.trim().split('\n').map(Number)
}

const BROKER = `
  const { startBroker } = await import('@millrace/server')
  const broker = await startBroker({ port: 0, storage: 'memory' })
`

const CLIENT = `
  const { findCoordinatorApi, initProducerIdApi, joinGroupApi } = await import('@millrace/protocol')
  const { createTopic, produce, valuesFrom } = await import('./test/integration/testing/partition-calls.ts')
  const { WireConnection } = await import('./test/integration/testing/wire-connection.ts')
  const connection = await WireConnection.open(broker)
`

/** gRPC's libraries, what of ours stands on them, and what talks by it. */
const FOR_PEERS = /@grpc|protobufjs|rpc\/grpc\/|rpc\/(controller-client|local-controller-service|remote-metadata-feed)/
const COMPACTION = /compaction\/compact-log/
const COORDINATORS = /packages\/coordinator\//
/** Handlers whose names begin with two digits, as all of APIs do. */
const GROUP_HANDLERS = /handlers\/(0[89]|1[1-6])-/

it.each([
  ['what talks to peers', FOR_PEERS],
  ['what compacts logs', COMPACTION],
])('a broker that stands alone starts without loading %s', async (_, part) => {
  expect(await filesLoaded(part, `${BROKER} await broker.close(); note()`)).toEqual([0])
})

it('a node with peers loads gRPC', async () => {
  const work = `
    const { openGrpcConnector } = await import('@millrace/controller')
    await openGrpcConnector({ clock: { now: Date.now } })
    note()
  `
  const [count] = await filesLoaded(FOR_PEERS, work)
  expect(count).toBeGreaterThan(10)
})

it('records come and go without coordinators, and the first who looks for one has them loaded', async () => {
  const work = `
    ${BROKER}
    ${CLIENT}
    await createTopic(connection, 'topic', { partitions: 1 })
    await produce(connection, 'topic', ['value'])
    await valuesFrom(connection, 'topic')
    await connection.call(initProducerIdApi, 4, { transactionalId: null, transactionTimeoutMs: 60_000, producerId: -1, producerEpoch: -1 })
    note()
    const { coordinators } = await connection.call(findCoordinatorApi, 4, { keyType: 0, coordinatorKeys: ['group'] })
    if (coordinators[0].errorCode !== 0) throw new Error('there is no coordinator: ' + coordinators[0].errorCode)
    note()
    process.exit()
  `
  const [before, after] = await filesLoaded(COORDINATORS, work)
  expect(before).toBe(0)
  expect(after).toBeGreaterThan(50)
})

it('a handler is loaded for the first request of its API, which is answered as the next one is', async () => {
  const work = `
    ${BROKER}
    ${CLIENT}
    note()
    await connection.call(findCoordinatorApi, 4, { keyType: 0, coordinatorKeys: ['group'] })
    const join = () =>
      connection.call(joinGroupApi, 9, {
        groupId: 'group',
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 10_000,
        memberId: '',
        groupInstanceId: null,
        protocolType: 'consumer',
        protocols: [],
        reason: null,
      })
    console.log((await join()).errorCode)
    console.log((await join()).errorCode)
    note()
    process.exit()
  `
  const INCONSISTENT_GROUP_PROTOCOL = 23
  expect(await filesLoaded(GROUP_HANDLERS, work)).toEqual([0, INCONSISTENT_GROUP_PROTOCOL, INCONSISTENT_GROUP_PROTOCOL, 1])
})
