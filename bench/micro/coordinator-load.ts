/**
 * How long a coordinator takes to load a hundred thousand committed offsets after a restart, and for how long nobody else has a turn
 * meanwhile. The broker is in this process, its log on a real disk, all groups in one partition.
 *
 *     node --conditions=@millrace/source bench/micro/coordinator-load.ts
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import {
  createTopicsApi,
  decodeResponse,
  ERROR_CODES,
  encodeRequestFrame,
  findCoordinatorApi,
  offsetCommitApi,
  offsetFetchApi,
} from '@millrace/protocol'
import type { ApiDefinition, Decoded, Encodable, MessageDefinition } from '@millrace/protocol'
import { startBroker } from '@millrace/server'
import { openConnection } from '../load/connection.ts'

const GROUPS = 1_000
const OFFSETS_PER_GROUP = 100
const RUNS = 5
const TOPIC = 'orders'
const GROUP_PREFIX = 'billing-service-'

const directory = mkdtempSync(join(tmpdir(), 'millrace-coordinator-load-'))
const options = { port: 0, dataDir: directory, config: { 'offsets.topic.num.partitions': '1' } } as const

try {
  const beganMs = performance.now()
  await withBroker(async (call) => {
    const topic = { name: TOPIC, numPartitions: OFFSETS_PER_GROUP, replicationFactor: 1, assignments: [], configs: [] }
    await call(createTopicsApi, 7, { topics: [topic], timeoutMs: 10_000 })
    await call(findCoordinatorApi, 4, { keyType: 0, coordinatorKeys: ['any'] })
    for (let group = 0; group < GROUPS; group += 1) {
      const partitions = Array.from({ length: OFFSETS_PER_GROUP }, (_, index) => ({
        partitionIndex: index,
        committedOffset: 1_000_000 + index,
        committedMetadata: '',
      }))
      const topics = [{ name: TOPIC, partitions }]
      const answer = await call(offsetCommitApi, 9, { groupId: GROUP_PREFIX + group, memberId: '', topics })
      const failed = answer.topics[0]?.partitions.find(({ errorCode }) => errorCode !== ERROR_CODES.NONE)
      if (failed !== undefined) throw new Error(`an offset was not committed: error ${failed.errorCode}`)
    }
  })
  console.log(`${GROUPS * OFFSETS_PER_GROUP} offsets of ${GROUPS} groups committed in ${(performance.now() - beganMs).toFixed(0)} ms`)
  for (let run = 0; run < RUNS; run += 1) {
    await withBroker(async (call) => {
      const delay = monitorEventLoopDelay({ resolution: 1 })
      delay.enable()
      const began = performance.now()
      const cpu = process.cpuUsage()
      const ask = () => call(offsetFetchApi, 8, { groups: [{ groupId: `${GROUP_PREFIX}7`, topics: null }] })
      let { groups } = await ask()
      while (groups[0]?.errorCode === ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS) ({ groups } = await ask())
      const tookMs = performance.now() - began
      const { user, system } = process.cpuUsage(cpu)
      delay.disable()
      const found = groups[0]?.topics[0]?.partitions.length
      if (found !== OFFSETS_PER_GROUP) throw new Error(`${found} offsets were found, error ${groups[0]?.errorCode}`)
      const took = `${tookMs.toFixed(0)} ms, ${((user + system) / 1_000).toFixed(0)} ms of CPU`
      console.log(`loaded in ${took}, longest turn of the loop ${(delay.max / 1e6).toFixed(1)} ms`)
    })
  }
} finally {
  rmSync(directory, { recursive: true })
}

type Call = <Req extends MessageDefinition, Res extends MessageDefinition>(
  api: ApiDefinition<Req, Res>,
  version: number,
  request: Encodable<Req>,
) => Promise<Decoded<Res>>

/** A broker, and a connection to it. */
async function withBroker(work: (call: Call) => Promise<void>): Promise<void> {
  await using broker = await startBroker(options)
  const connection = await openConnection(broker.port, Number.POSITIVE_INFINITY)
  try {
    await work((api, version, request) => {
      const answered = Promise.withResolvers<Uint8Array>()
      connection.onAnswer = (head) => answered.resolve(head.subarray(4).slice())
      connection.onLost = answered.reject
      connection.send(Buffer.concat(encodeRequestFrame(api, version, 1, 'bench', request)))
      return answered.promise.then((frame) => decodeResponse(api, version, frame).body)
    })
  } finally {
    connection.close()
  }
}
