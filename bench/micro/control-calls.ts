/**
 * How long one command to a controller takes, and one round trip between two controllers, over loopback and with both ends in
 * this process; and what loading gRPC costs a process that needs it.
 *
 *     node --conditions=@millrace/source bench/micro/control-calls.ts
 */
import { type ControllerService, openControllerServer, openGrpcConnector } from '@millrace/controller'
import { nodeClock, nodeRandom, silentLogger } from '@millrace/runtime'

const HOST = '127.0.0.1'
const ROUNDS = 5_000
const BLOCK = { errorCode: 0, errorMessage: null, firstProducerId: 1, count: 1_000 } as const
const MESSAGE = { groupId: 'c', term: 7, type: 'heartbeat-request', round: 3, commitIndex: 100, recovery: null } as const

const rssBefore = process.memoryUsage().rss
const loadBegan = performance.now()
const servers = await Promise.all(['1@a', '2@b'].map(open))
const loadMs = performance.now() - loadBegan
const [one, two] = servers as [Awaited<ReturnType<typeof open>>, Awaited<ReturnType<typeof open>>]
console.log(`loading gRPC and the schemas, and two servers: ${loadMs.toFixed(0)} ms, ${toMiB(process.memoryUsage().rss - rssBefore)} MiB`)

one.serve({ allocateProducerIds: () => Promise.resolve(BLOCK), metadataOffset: () => 1 } as unknown as ControllerService)
const connector = await openGrpcConnector({ clock: nodeClock })
const channel = connector.connect({ nodeId: 1, host: HOST, port: one.port })
await measure('a command and its answer', async () => {
  await channel.allocateProducerIds({ brokerId: 1, brokerEpoch: 2 })
})

let answered = (): void => {}
one.raftTransport.start(() => answered(), unexpected)
two.raftTransport.start(() => two.raftTransport.send({ ...MESSAGE, from: '2@b', to: '1@a' }), unexpected)
one.raftTransport.setPeers(new Map([['2@b', { host: HOST, port: two.port }]]))
two.raftTransport.setPeers(new Map([['1@a', { host: HOST, port: one.port }]]))
await measure('a message of Raft and its answer', () => {
  return new Promise<void>((resolve) => {
    answered = resolve
    one.raftTransport.send({ ...MESSAGE, from: '1@a', to: '2@b' })
  })
})

await channel.close()
await Promise.all(servers.map((server) => server.close()))

function open(raftId: string) {
  const runtime = { clock: nodeClock, random: nodeRandom, logger: silentLogger }
  return openControllerServer({ runtime, host: HOST, port: 0, clusterId: 'c', raftId })
}

function unexpected(peer: string): void {
  throw new Error(`${peer} was not reached`)
}

async function measure(name: string, round: () => Promise<void>): Promise<void> {
  for (let index = 0; index < ROUNDS / 5; index += 1) await round()
  const samples: number[] = []
  const cpu = process.cpuUsage()
  for (let index = 0; index < ROUNDS; index += 1) {
    const began = performance.now()
    await round()
    samples.push(performance.now() - began)
  }
  const { user, system } = process.cpuUsage(cpu)
  samples.sort((left, right) => left - right)
  const at = (part: number): string => ((samples[Math.floor(part * samples.length)] ?? 0) * 1_000).toFixed(0)
  console.log(`${name}: median ${at(0.5)} us, 99 % ${at(0.99)} us, CPU of both ends ${((user + system) / ROUNDS).toFixed(0)} us`)
}

function toMiB(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0)
}
