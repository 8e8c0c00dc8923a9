/** Snapshots on their way from the leader: stored in pieces, checked as a whole, used when it is time. */
import { applyRecords, type ClusterImage, emptyImage } from '@millrace/metadata'
import { crc32c, createMemoryDisk, type MemoryDisk, nodeClock } from '@millrace/runtime'
import { type LogPosition, membershipOf } from 'raft-ts'
import { beforeEach, describe, expect, it } from 'vitest'
import { SnapshotStore } from './snapshot-store.ts'
import { RecordingLogger } from './testing/recording-logger.ts'

const DIRECTORY = '/metadata'
const MEMBERSHIP = membershipOf(['1@a', '2@b'], ['3@c'])

function imageAt(index: number, term: number): ClusterImage {
  const records = [{ type: 'feature-level', name: 'index', level: index }] as const
  return applyRecords(emptyImage('c'), records, { offset: index - 1, epoch: term }).image
}

function storeOn(disk: MemoryDisk): SnapshotStore {
  return new SnapshotStore({ disk, directory: DIRECTORY, clock: nodeClock, crc32c, logger: new RecordingLogger() })
}

let leader: SnapshotStore
let disk: MemoryDisk
let store: SnapshotStore

beforeEach(() => {
  leader = storeOn(createMemoryDisk())
  disk = createMemoryDisk()
  disk.createDirectory(DIRECTORY)
  store = storeOn(disk)
})

function names(): readonly string[] {
  return disk.list(DIRECTORY).map(({ name }) => name.replace(/^0+/, ''))
}

/** In pieces of this many bytes. */
async function send(position: LogPosition, pieceBytes = 30, change: (data: Uint8Array) => void = () => {}): Promise<void> {
  for (let offset = 0; ; ) {
    const piece = await leader.read(position, offset, pieceBytes)
    if (piece === null) throw new Error('the leader does not have it')
    const data = piece.data.slice()
    change(data)
    store.receive(position, offset, data)
    offset += data.length
    if (piece.isLast) return
  }
}

describe('a snapshot', () => {
  it('comes over in pieces of any size, with who votes', async () => {
    const position = { index: 7, term: 3 }
    await leader.save(imageAt(7, 3), MEMBERSHIP)
    for (const pieceBytes of [1, 30, 1000]) {
      await send(position, pieceBytes)
      expect(await store.checkReceived(position)).toMatchObject({ membership: MEMBERSHIP, image: { offset: 6, epoch: 3 } })
    }
    await store.install(position)
    expect(store.load().snapshot).toEqual({ image: imageAt(7, 3), membership: MEMBERSHIP })
  })

  it('is none before it takes the place of the log', async () => {
    await leader.save(imageAt(7, 3), MEMBERSHIP)
    await send({ index: 7, term: 3 })
    expect(store.load().snapshot).toBeNull()
    await store.checkReceived({ index: 7, term: 3 })
    expect(store.load().snapshot).toBeNull()
    store.removeUnfinished()
    expect(names()).toEqual([])
  })

  it('that is ready stays so when another begins to come', async () => {
    await leader.save(imageAt(7, 3), MEMBERSHIP)
    await leader.save(imageAt(9, 4), MEMBERSHIP)
    await send({ index: 7, term: 3 })
    await store.checkReceived({ index: 7, term: 3 })
    store.receive({ index: 9, term: 4 }, 0, new Uint8Array(3))
    await store.install({ index: 7, term: 3 })
    expect(store.load().snapshot?.image.offset).toBe(6)
  })

  it.each([
    ['is damaged', { index: 7, term: 3 }, (data: Uint8Array) => data.fill(1, data.length - 1)],
    ['is of another place', { index: 8, term: 3 }, () => {}],
  ])('that %s is not taken', async (_, position, change) => {
    await leader.save(imageAt(7, 3), MEMBERSHIP)
    const piece = await leader.read({ index: 7, term: 3 }, 0, 10_000)
    const data = piece?.data.slice() ?? new Uint8Array(0)
    change(data)
    store.receive(position, 0, data)
    expect(await store.checkReceived(position)).toBeNull()
    await expect(store.install(position)).rejects.toMatchObject({ name: 'DiskError' })
  })

  it('of which the first piece never came is refused', () => {
    expect(() => store.receive({ index: 7, term: 3 }, 100, new Uint8Array(1))).toThrow(/before its first one/)
  })

  it('that is gone is said to be gone', async () => {
    expect(await leader.read({ index: 7, term: 3 }, 0, 10)).toBeNull()
  })
})

it('keeps the two newest, however they came', async () => {
  for (const index of [1, 2]) await store.save(imageAt(index, 1), MEMBERSHIP)
  await leader.save(imageAt(7, 3), MEMBERSHIP)
  await send({ index: 7, term: 3 })
  await store.checkReceived({ index: 7, term: 3 })
  await store.install({ index: 7, term: 3 })
  expect(names()).toEqual(['2-0000000001.checkpoint', '7-0000000003.checkpoint'])
})
