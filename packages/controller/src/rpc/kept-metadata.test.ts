/** What an observer keeps through restarts, and what it does about what was harmed meanwhile. On a disk in memory. */
import type { PartitionLog } from '@millrace/log'
import { imageRecords } from '@millrace/metadata'
import { crc32c, createMemoryDisk, type MemoryDisk, nodeClock, seededRandom } from '@millrace/runtime'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CLUSTER_ID } from '../shell/testing/commands.ts'
import { RecordingLogger } from '../shell/testing/recording-logger.ts'
import { copyOf, damage, metadataFiles, openDirectory, truncateFile } from '../shell/testing/test-node.ts'
import { CommittedMetadata } from './committed-metadata.ts'
import type { ControllerService } from './controller-service.ts'
import type { MetadataFetchRequest } from './metadata-fetch.ts'
import { startMetadataObserver } from './start-metadata-observer.ts'
import { endpoint, type PaperConnector, paperConnector } from './testing/paper-connector.ts'
import { feature, PaperMetadata } from './testing/paper-metadata.ts'

let disk: MemoryDisk
let metadata: PaperMetadata
let committed: CommittedMetadata
let connector: PaperConnector
let logger: RecordingLogger
let requests: MetadataFetchRequest[]

beforeEach(() => {
  disk = createMemoryDisk()
  metadata = new PaperMetadata(CLUSTER_ID)
  connector = paperConnector()
  logger = new RecordingLogger()
  requests = []
  committed = new CommittedMetadata({ feed: metadata, log: metadata, clock: nodeClock, crc32c })
  const service: Partial<ControllerService> = {
    fetchMetadata: async (request) => {
      requests.push(request)
      return { ...(await committed.fetch(request)), leader: null }
    },
    fetchMetadataSnapshot: (request) => committed.fetchSnapshot(request),
  }
  connector.peers.set(endpoint(1).port, service as ControllerService)
  for (let level = 1; level <= 20; level += 1) metadata.commit(1, [feature(level)])
})

afterEach(() => committed.close())

async function start(on: MemoryDisk = disk, { snapshotBytes = 1_000_000, clusterId = CLUSTER_ID } = {}) {
  const logDirectory = await openDirectory(on, logger)
  try {
    const observer = await startMetadataObserver({
      runtime: { clock: nodeClock, random: seededRandom(1), disk: on, logger, crc32c },
      logDirectory,
      nodeId: 9,
      clusterId,
      connector,
      bootstrap: [endpoint(1)],
      snapshotBytes,
      onAlarm: (error) => logger.error('alarm', { code: error.code }),
    })
    const log = logDirectory.get('__cluster_metadata', 0) as PartitionLog
    const close = async (): Promise<void> => {
      await observer.close()
      await logDirectory.close()
    }
    return { feed: observer.feed, log, close }
  } catch (error) {
    await logDirectory.close()
    throw error
  }
}

async function caughtUp(observer: Awaited<ReturnType<typeof start>>): Promise<void> {
  await vi.waitFor(() => expect(observer.feed.image().offset).toBe(metadata.image().offset))
  expect([...imageRecords(observer.feed.image())]).toEqual([...imageRecords(metadata.image())])
}

/** Follows once to the end and stops. */
async function followOnce(options = {}): Promise<void> {
  const observer = await start(disk, options)
  await caughtUp(observer)
  await observer.close()
  requests.length = 0
}

it('a start after a stop shows everything before it asks, and asks for what is new', async () => {
  await followOnce()
  const observer = await start()
  expect(observer.feed.image().features.get('f')).toBe(20)
  metadata.commit(2, [feature(21)])
  await caughtUp(observer)
  expect(requests[0]).toMatchObject({ offset: 19, epoch: 1 })
  await observer.close()
})

it('so does one after a process that was killed', async () => {
  const observer = await start()
  await caughtUp(observer)
  const left = copyOf(disk)
  await observer.close()
  requests.length = 0
  const next = await start(left)
  await caughtUp(next)
  expect(requests[0]?.offset).toBe(19)
  await next.close()
})

it('snapshots are taken, the log before them is not kept for ever, and both together are everything', async () => {
  const observer = await start(disk, { snapshotBytes: 500 })
  for (let level = 21; level <= 60; level += 1) {
    metadata.commit(1, [feature(level)])
    await caughtUp(observer)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await observer.close()
  expect(metadataFiles(disk, '.checkpoint')).toHaveLength(2)
  expect(observer.log.logStartOffset).toBeGreaterThan(0)
  const next = await start()
  expect(next.feed.image().offset).toBe(59)
  await next.close()
})

it('a snapshot from a controller is kept, and the log begins after it', async () => {
  await followOnce()
  for (let level = 21; level <= 30; level += 1) metadata.commit(2, [feature(level)])
  metadata.forgetBefore(25)
  const observer = await start()
  await caughtUp(observer)
  expect([observer.log.logStartOffset, observer.log.logEndOffset]).toEqual([30, 30])
  metadata.commit(2, [feature(31)])
  await caughtUp(observer)
  await observer.close()
  const next = await start()
  expect(next.feed.image().offset).toBe(30)
  await next.close()
})

describe('what was harmed is fetched again', () => {
  const log = (): string => metadataFiles(disk, '.log')[0] as string

  /** So that there is a snapshot and a log. */
  async function followTwice(): Promise<void> {
    await followOnce()
    for (let level = 21; level <= 40; level += 1) metadata.commit(1, [feature(level)])
    await followOnce()
  }

  it.each<[string, () => void, number]>([
    ['a log that ends early', () => truncateFile(disk, log(), 500), 39],
    ['a log that is gone', () => truncateFile(disk, log(), 0), 39],
  ])('%s', async (_name, harm, before) => {
    await followTwice()
    harm()
    const observer = await start()
    expect(observer.feed.image().offset).toBeLessThan(before)
    await caughtUp(observer)
    await observer.close()
    expect(metadataFiles(disk, '.log.corrupt')).toHaveLength(1)
    const next = await start()
    expect(next.feed.image().offset).toBe(before)
    await next.close()
  })

  it('a batch in the midst of the log', async () => {
    await followTwice()
    damage(disk, log(), 300)
    const observer = await start()
    expect(observer.feed.image().offset).toBeLessThan(25)
    expect(logger.problems()).toContain('kept metadata is of no use from here on, and is fetched again')
    await caughtUp(observer)
    expect(observer.log.logEndOffset).toBe(40)
    await observer.close()
  })

  it('the only snapshot', async () => {
    metadata.forgetBefore(10)
    await followOnce()
    damage(disk, metadataFiles(disk, '.checkpoint')[0] as string, -1)
    const observer = await start()
    expect(observer.feed.image().offset).toBe(-1)
    await caughtUp(observer)
    await observer.close()
    expect(metadataFiles(disk, '.damaged')).toHaveLength(1)
  })
})

it('a disk that takes no more keeps nobody from following', async () => {
  const observer = await start()
  await caughtUp(observer)
  disk.setCapacity(disk.usedBytes)
  metadata.commit(2, [feature(50)])
  await caughtUp(observer)
  metadata.commit(2, [feature(51)])
  await caughtUp(observer)
  expect(logger.problems()).toContain('metadata is not kept any more; the next start will fetch more of it')
  disk.setCapacity(Number.MAX_SAFE_INTEGER)
  await observer.close()
  const next = await start()
  await caughtUp(next)
  await next.close()
})

it('metadata of another cluster is refused, and stays', async () => {
  metadata.forgetBefore(10)
  await followOnce()
  await expect(start(disk, { clusterId: 'another' })).rejects.toMatchObject({ code: 'ERR_CONTROLLER_OTHER_CLUSTER' })
  expect(metadataFiles(disk, '.checkpoint')).toHaveLength(1)
})
