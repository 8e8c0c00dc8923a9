/** What a process finds that comes after one whose sync failed: bytes that can be read, and that no sync of its own would save. */
import { describe, expect, it } from 'vitest'
import { createMemoryDisk, type MemoryDisk } from '@millrace/runtime'
import { asLeader, batchOf, type LogFixture, logFixture, PARTITION_PATH, PATH } from '../testing/log-fixture.ts'

const SEGMENT_PATH = `${PARTITION_PATH}/00000000000000000000.log`
const SEEDS = Array.from({ length: 40 }, (_, seed) => seed)

/** Two batches, of which the sync saved one; then the process was started anew. */
async function afterFailedSync(): Promise<LogFixture> {
  const fixture = await logFixture({ disk: createMemoryDisk({ canLosePower: true }) })
  fixture.log.append(batchOf({ records: 1 }), asLeader(0))
  await fixture.log.flush()
  await fixture.directory.checkpoints.write([fixture.log])
  fixture.log.append(batchOf({ records: 1 }), asLeader(0))
  fixture.disk.failNext({ operation: 'sync', pathIncludes: '.log' })
  await expect(fixture.log.flush()).rejects.toThrow()
  await fixture.crash()
  return fixture
}

/** One batch, behind which a crash left the beginning of another; the sync failed that was to save that it was cut off. */
async function afterFailedCut(): Promise<LogFixture> {
  const fixture = await logFixture({ disk: createMemoryDisk({ canLosePower: true }), config: { segmentBytes: 100 } })
  fixture.log.append(batchOf({ records: 1 }), asLeader(0))
  await fixture.log.flush()
  await fixture.directory.checkpoints.write([fixture.log])
  fixture.kill()
  const file = fixture.disk.open(SEGMENT_PATH)
  file.writeSync([new Uint8Array(31)], file.size())
  await file.sync()
  file.close()
  fixture.disk.failNext({ operation: 'sync', pathIncludes: '.log' })
  await expect(fixture.reopen()).rejects.toThrow('cannot sync')
  fixture.kill()
  await fixture.reopen()
  return fixture
}

function isMarked(disk: MemoryDisk): boolean {
  return disk.stat(`${PATH}/.sync-failed`) !== null
}

describe('after a sync that failed', () => {
  it('what the next process takes for durable survives a cut of the power', async () => {
    for (const seed of SEEDS) {
      const fixture = await afterFailedSync()
      await fixture.log.flush()
      expect(fixture.log.durableEndOffset).toBe(2)
      fixture.kill()
      fixture.losePower(seed)
      await fixture.reopen()
      expect(fixture.log.logEndOffset).toBe(2)
    }
  })

  it('the next process cuts off what was to be cut off, whatever comes behind it', async () => {
    for (const seed of SEEDS) {
      const fixture = await afterFailedCut()
      fixture.log.append(batchOf({ records: 1 }), asLeader(0))
      expect(fixture.disk.list(PARTITION_PATH).filter(({ name }) => name.endsWith('.log'))).toHaveLength(2)
      await fixture.log.flush()
      await fixture.directory.checkpoints.write([fixture.log])
      fixture.losePower(seed)
      await fixture.reopen()
      expect(fixture.log.logEndOffset).toBe(2)
    }
  })

  it('so it is for those after it, until one stopped in good order with everything saved', async () => {
    const fixture = await afterFailedSync()
    expect(isMarked(fixture.disk)).toBe(true)
    await fixture.crash()
    expect(isMarked(fixture.disk)).toBe(true)
    await fixture.restart()
    expect([isMarked(fixture.disk), fixture.log.logEndOffset]).toEqual([false, 2])
  })

  it('a disk that takes no mark either does not keep the failure from being told', async () => {
    const fixture = await logFixture()
    fixture.log.append(batchOf({ records: 1 }), asLeader(0))
    fixture.disk.failNext({ operation: 'sync', pathIncludes: '.log' })
    fixture.disk.failNext({ operation: 'open', pathIncludes: '.sync-failed' })
    await expect(fixture.log.flush()).rejects.toThrow()
    expect(fixture.directory.offlineError).not.toBeNull()
    expect(fixture.logged.map(({ event }) => event)).toContain(
      'the next start cannot be told that the disk failed; check the disk before it',
    )
  })
})

it('nothing is marked where nothing failed', async () => {
  const fixture = await logFixture()
  await fixture.crash()
  await fixture.restart()
  expect(isMarked(fixture.disk)).toBe(false)
})
