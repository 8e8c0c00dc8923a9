/** How a node that is no controller follows the metadata: through controllers that die, lag, talk nonsense or sound the alarm. */
import { METADATA_ERROR_CODES, MetadataError } from '@millrace/metadata'
import { crc32c, seededRandom } from '@millrace/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import { RecordingLogger } from '../shell/testing/recording-logger.ts'
import { CommittedMetadata } from './committed-metadata.ts'
import type { ControllerService } from './controller-service.ts'
import type { MetadataFetchResponse } from './metadata-fetch.ts'
import type { MetadataFollowError } from './metadata-follow-error.ts'
import { RemoteMetadataFeed } from './remote-metadata-feed.ts'
import { MemoryReplica } from './testing/memory-replica.ts'
import { endpoint, type PaperConnector, paperConnector } from './testing/paper-connector.ts'
import { feature, PaperMetadata } from './testing/paper-metadata.ts'
import { SteppingClock } from './testing/stepping-clock.ts'

let clock: SteppingClock
let connector: PaperConnector
let metadata: PaperMetadata
let replica: MemoryReplica
let logger: RecordingLogger
let alarms: MetadataFollowError[]
let feed: RemoteMetadataFeed

beforeEach(() => {
  clock = new SteppingClock()
  connector = paperConnector()
  metadata = new PaperMetadata()
  replica = new MemoryReplica()
  logger = new RecordingLogger()
  alarms = []
  metadata.commit(1)
  metadata.commit(1, [feature(1)])
  metadata.commit(1, [feature(2)])
})

function follow(): RemoteMetadataFeed {
  feed = new RemoteMetadataFeed({
    clusterId: 'c',
    nodeId: 9,
    replica,
    connector,
    bootstrap: [endpoint(1), endpoint(2), endpoint(3)],
    clock,
    random: seededRandom(1),
    logger,
    onAlarm: (error) => void alarms.push(error),
  })
  return feed
}

/** A controller with the metadata of the test, or some of its own, that says who is active. */
function controller(nodeId: number, leader: () => number | null, own: PaperMetadata = metadata): void {
  const committed = new CommittedMetadata({ feed: own, log: own, clock, crc32c })
  const service: Partial<ControllerService> = {
    fetchMetadata: async (request) => {
      const answer = await committed.fetch(request)
      const id = leader()
      return { ...answer, leader: id === null ? null : endpoint(id) }
    },
    fetchMetadataSnapshot: (request) => committed.fetchSnapshot(request),
  }
  connector.peers.set(endpoint(nodeId).port, service as ControllerService)
}

function answering(nodeId: number, response: Partial<MetadataFetchResponse>): void {
  const service: Partial<ControllerService> = {
    fetchMetadata: () => Promise.resolve({ leader: null, ...response } as MetadataFetchResponse),
  }
  connector.peers.set(endpoint(nodeId).port, service as ControllerService)
}

const level = (): number | undefined => feed.image().features.get('f')
const askedOf = (nodeId: number): number => connector.asked.filter((port) => port === endpoint(nodeId).port).length

it('catches up, and hears of each batch as soon as it is committed', async () => {
  controller(1, () => 1)
  const seen: number[] = []
  follow().subscribe((image) => seen.push(image.offset))
  await feed.start()
  await clock.advance(2_000)
  expect([feed.image().offset, level()]).toEqual([2, 2])
  metadata.commit(2)
  metadata.commit(2, [feature(3)])
  await clock.advance(0)
  expect([feed.image().offset, feed.image().epoch, level()]).toEqual([4, 2, 3])
  expect(seen).toEqual([2, 3, 4])
  await feed.close()
  expect(replica.isClosed).toBe(true)
})

it('asks the active controller, wherever it began', async () => {
  controller(1, () => 3)
  controller(2, () => 3)
  controller(3, () => 3)
  await follow().start()
  await clock.advance(100)
  connector.asked.length = 0
  await clock.advance(5_000)
  expect(new Set(connector.asked)).toEqual(new Set([endpoint(3).port]))
  await feed.close()
})

it('goes on with another one when the active one dies, looks for it now and then, and goes back to it', async () => {
  controller(1, () => 3)
  controller(2, () => 3)
  controller(3, () => 3)
  await follow().start()
  await clock.advance(1_000)
  connector.peers.set(endpoint(3).port, 'dead')
  metadata.commit(1, [feature(7)])
  await clock.advance(1_000)
  expect(level()).toBe(7)
  connector.asked.length = 0
  await clock.advance(10_000)
  expect(askedOf(3)).toBeLessThanOrEqual(6)
  expect(connector.asked.length).toBeLessThan(40)
  controller(3, () => 3)
  await clock.advance(3_000)
  connector.asked.length = 0
  await clock.advance(2_000)
  expect(new Set(connector.asked)).toEqual(new Set([endpoint(3).port]))
  await feed.close()
})

describe('does not run in circles', () => {
  it.each<[string, () => void]>([
    ['when all are dead', () => {}],
    ['when one answers at once that there is nothing new', () => answering(1, { type: 'batches', batches: [] })],
    ['when all lag', () => [1, 2, 3].forEach((id) => answering(id, { type: 'lagging', offset: -1 }))],
    [
      'when a snapshot is never there',
      () => [1, 2, 3].forEach((id) => answering(id, { type: 'snapshot', snapshot: { offset: 5, epoch: 1 } })),
    ],
    [
      'when bytes are no batch',
      () => [1, 2, 3].forEach((id) => answering(id, { type: 'batches', batches: [{ offset: 0, epoch: 1, bytes: new Uint8Array(99) }] })),
    ],
  ])('%s', async (_name, prepare) => {
    prepare()
    await follow().start()
    await clock.advance(10_000)
    expect(connector.asked.length).toBeLessThan(80)
    expect(connector.asked.length).toBeGreaterThan(10)
    // Twice: for the metadata, and for its snapshot.
    const thrice = connector.asked.filter((port, index) => connector.asked[index + 1] === port && connector.asked[index + 2] === port)
    expect(thrice).toEqual([])
    expect(feed.image().offset).toBe(-1)
    await feed.close()
  })
})

describe('applies nothing of', () => {
  it.each<[string, (batches: Extract<MetadataFetchResponse, { type: 'batches' }>['batches']) => readonly object[]]>([
    ['batches with a gap', (batches) => batches.slice(1)],
    ['batches whose epoch falls', (batches) => [...batches.slice(0, 1), { ...batches[1], epoch: 0 }]],
    ['a batch of another place', (batches) => [{ ...batches[1], offset: 1 }]],
    [
      'a damaged one after good ones',
      (batches) => [...batches.slice(0, 1), { ...batches[1], bytes: batches[1]?.bytes.map((byte) => byte ^ 1) }],
    ],
  ])('%s', async (_name, change) => {
    const committed = new CommittedMetadata({ feed: metadata, log: metadata, clock, crc32c })
    replica.onCommitted({ offset: 0, epoch: 1, records: [], sizeBytes: 1 })
    const answer = await committed.fetch({ clusterId: 'c', nodeId: 9, offset: 0, epoch: 1, maxBytes: 100_000, maxWaitMs: 0 })
    if (answer.type !== 'batches') throw new Error('batches were expected')
    answering(1, { type: 'batches', batches: change(answer.batches) } as Partial<MetadataFetchResponse>)
    await follow().start()
    await clock.advance(2_000)
    expect(feed.image().offset).toBe(0)
    expect(alarms).toEqual([])
    await feed.close()
  })
})

describe('a snapshot', () => {
  beforeEach(() => {
    replica.toImage = () => metadata.image()
    metadata.forgetBefore(2)
  })

  it('is fetched when the log does not reach back, kept, and followed by what came after it', async () => {
    controller(1, () => 1)
    await follow().start()
    await clock.advance(1_000)
    expect(replica.snapshots.map(({ offset }) => offset)).toEqual([2])
    metadata.commit(1, [feature(9)])
    await clock.advance(0)
    expect(level()).toBe(9)
    await feed.close()
  })

  it('that is older than what this node has is refused', async () => {
    replica.onSnapshot({ ...metadata.image(), offset: 7, epoch: 1 })
    answering(1, { type: 'snapshot', snapshot: { offset: 2, epoch: 1 } })
    await follow().start()
    await clock.advance(5_000)
    expect(feed.image().offset).toBe(7)
    expect(replica.snapshots).toEqual([])
    await feed.close()
  })

  it('of another place than was said is refused', async () => {
    replica.toImage = () => ({ ...metadata.image(), offset: 1 })
    controller(1, () => 1)
    await follow().start()
    await clock.advance(5_000)
    expect(feed.image().offset).toBe(-1)
    await feed.close()
  })

  it('of another cluster is the end', async () => {
    replica.toImage = () => ({ ...metadata.image(), clusterId: 'd' })
    controller(1, () => 1)
    await follow().start()
    await clock.advance(5_000)
    expect(alarms.map(({ code }) => code)).toEqual(['ERR_CONTROLLER_OTHER_CLUSTER'])
    await feed.close()
  })
})

describe('an alarm is the end', () => {
  it.each([
    ['of another cluster', () => new PaperMetadata('d'), 'ERR_CONTROLLER_OTHER_CLUSTER'],
    [
      'of metadata that is not ours',
      () => {
        const other = new PaperMetadata()
        for (let count = 0; count < 5; count += 1) other.commit(4)
        return other
      },
      'ERR_CONTROLLER_METADATA_DIVERGED',
    ],
  ])('%s', async (_name, other, code) => {
    controller(1, () => 1)
    await follow().start()
    await clock.advance(1_000)
    controller(1, () => 1, other())
    await clock.advance(10_000)
    expect(alarms.map((error) => error.code)).toEqual([code])
    connector.asked.length = 0
    await clock.advance(10_000)
    expect(connector.asked).toEqual([])
    expect(feed.image().offset).toBe(2)
    expect(logger.problems()).toContain('the metadata cannot be followed')
    await feed.close()
  })
})

it('metadata of a newer version is the end', async () => {
  controller(1, () => 1)
  replica.decodeBatch = () => {
    throw new MetadataError(METADATA_ERROR_CODES.recordTooNew, 'a record of type 99')
  }
  await follow().start()
  await clock.advance(1_000)
  metadata.commit(1)
  await clock.advance(1_000)
  expect(alarms.map(({ code }) => code)).toEqual(['ERR_CONTROLLER_NEWER_VERSION'])
  await feed.close()
})

it('metadata that does not fit what is there is the end', async () => {
  controller(1, () => 1)
  replica.append = () => {
    throw new MetadataError(METADATA_ERROR_CODES.recordMisplaced, 'there is no such topic')
  }
  await follow().start()
  await clock.advance(1_000)
  metadata.commit(1)
  await clock.advance(1_000)
  expect(alarms.map(({ code }) => code)).toEqual(['ERR_CONTROLLER_METADATA_DIVERGED'])
  await feed.close()
})

it('a controller that never answers costs a few seconds, and then it is the turn of another', async () => {
  const silent: Partial<ControllerService> = { fetchMetadata: () => new Promise(() => {}) }
  for (const id of [1, 2]) connector.peers.set(endpoint(id).port, silent as ControllerService)
  controller(3, () => null)
  await follow().start()
  await clock.advance(10_000)
  expect(level()).toBe(2)
  await feed.close()
})
