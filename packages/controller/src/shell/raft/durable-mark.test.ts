/** What a start finds of the note of how far the log was durable, after kills, power cuts, rot and disks that fail. */
import { crc32c, createMemoryDisk, DISK_ERROR_CODES, type MemoryDisk } from '@millrace/runtime'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../testing/manual-clock.ts'
import { RecordingLogger } from '../testing/recording-logger.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import { DurableMark } from './durable-mark.ts'

const PATH = '/durable-mark'

function open(disk: MemoryDisk, { logger = new RecordingLogger(), clock = new ManualClock() } = {}): DurableMark {
  return new DurableMark({ disk, path: PATH, clock, crc32c, logger })
}

/** What the next process finds. */
function found(disk: MemoryDisk): number {
  return open(disk).index
}

function markedDisk(...indexes: readonly number[]): MemoryDisk {
  const disk = createMemoryDisk({ canLosePower: true })
  const mark = open(disk)
  for (const index of indexes) mark.raiseTo(index)
  return disk
}

describe('a durable mark', () => {
  it('says nothing where there is none', () => {
    expect(found(createMemoryDisk())).toBe(0)
  })

  it('is there after a kill, as it was last', () => {
    for (const last of [1, 2, 3, 4]) expect(found(markedDisk(...[1, 2, 3, 4].slice(0, last)))).toBe(last)
  })

  it('goes on where another process left it', () => {
    const disk = markedDisk(3, 5)
    open(disk).raiseTo(6)
    open(disk).raiseTo(9)
    expect(found(disk)).toBe(9)
  })

  it('is not raised by less', () => {
    const disk = markedDisk(7, 5)
    expect(found(disk)).toBe(7)
  })

  it.each(Array.from({ length: 30 }, (_, seed) => seed))(
    'says no more than what it was told, whatever a power cut leaves (seed %i)',
    async (seed) => {
      const disk = markedDisk(50, 60)
      await open(disk).lowerTo(40)
      const mark = open(disk)
      for (let index = 41; index < 41 + (seed % 4); index += 1) mark.raiseTo(index)
      disk.losePower(new SeededRandom(seed))
      expect([40, 41, 42, 43].slice(0, 1 + (seed % 4))).toContain(found(disk))
    },
  )

  it('outlives a power cut a moment later', async () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const disk = createMemoryDisk({ canLosePower: true })
      const clock = new ManualClock()
      const mark = open(disk, { clock })
      mark.raiseTo(5)
      await clock.pass(20)
      disk.losePower(new SeededRandom(seed))
      expect(found(disk)).toBe(5)
    }
  })

  it('that is raised during a sync is saved by the next one', async () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const disk = createMemoryDisk({ canLosePower: true })
      const clock = new ManualClock()
      const mark = open(disk, { clock })
      const go = disk.holdSyncs()
      mark.raiseTo(3)
      await clock.pass(20)
      mark.raiseTo(4)
      go()
      await clock.pass(20)
      disk.losePower(new SeededRandom(seed))
      expect(found(disk)).toBe(4)
    }
  })

  it('is closed when its sync has ended, and twice without harm', async () => {
    const disk = createMemoryDisk()
    const clock = new ManualClock()
    const logger = new RecordingLogger()
    const mark = open(disk, { clock, logger })
    const go = disk.holdSyncs()
    mark.raiseTo(3)
    await clock.pass(20)
    const closed = Promise.all([mark.close(), mark.close()])
    go()
    await closed
    await clock.pass(100)
    expect(logger.problems()).toEqual([])
  })

  it('that was lowered is lower for good, even if one of its records rots', async () => {
    for (const rotten of [0, 4096]) {
      const disk = markedDisk(8, 9)
      await open(disk).lowerTo(4)
      disk.losePower(new SeededRandom(1))
      disk.flipBits(PATH, rotten + 31, 1)
      expect(found(disk)).toBe(4)
    }
  })

  it('is not raised by being lowered to more', async () => {
    const disk = markedDisk(4)
    await open(disk).lowerTo(9)
    expect(found(disk)).toBe(4)
  })

  it.each(Array.from({ length: 32 }, (_, byte) => byte))('whose newest record has rotted at byte %i is the one before', (byte) => {
    const disk = markedDisk(3, 5)
    disk.flipBits(PATH, byte, 0x10)
    expect(found(disk)).toBe(3)
  })

  it('of which no record is whole says nothing, and is written anew', () => {
    const disk = markedDisk(3, 5)
    disk.flipBits(PATH, 31, 1)
    disk.flipBits(PATH, 4096 + 31, 1)
    expect(found(disk)).toBe(0)
    open(disk).raiseTo(4)
    expect(found(disk)).toBe(4)
  })

  it('that the disk cannot read says nothing', () => {
    const disk = markedDisk(3)
    disk.failNext({ operation: 'read', pathIncludes: PATH })
    expect(found(disk)).toBe(0)
  })
})

describe('a disk that does not take it', () => {
  it('is reported once, and an older mark stays until it takes one again', () => {
    const disk = markedDisk(3)
    const logger = new RecordingLogger()
    const mark = open(disk, { logger })
    for (const index of [4, 5]) {
      disk.failNext({ operation: 'write', pathIncludes: PATH, code: DISK_ERROR_CODES.full })
      mark.raiseTo(index)
    }
    expect(found(disk)).toBe(3)
    expect(logger.problems()).toEqual([
      'how far metadata is durable was not noted; should its newest entry rot, that may be taken for a crash',
    ])
    mark.raiseTo(6)
    expect(found(disk)).toBe(6)
  })

  it('is reported when it fails a sync', async () => {
    const disk = createMemoryDisk()
    const [clock, logger] = [new ManualClock(), new RecordingLogger()]
    const mark = open(disk, { clock, logger })
    disk.failNext({ operation: 'sync', pathIncludes: PATH })
    mark.raiseTo(3)
    await clock.pass(20)
    expect(logger.problems()).toHaveLength(1)
  })

  it.each(['write', 'sync'] as const)('is not taken to have lowered it when a %s fails', async (operation) => {
    const disk = markedDisk(3)
    disk.failNext({ operation, pathIncludes: PATH })
    await expect(open(disk).lowerTo(1)).rejects.toMatchObject({ code: DISK_ERROR_CODES.failed })
  })
})
