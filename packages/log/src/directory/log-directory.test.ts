import { describe, expect, it } from 'vitest'
import { CLEAN_SHUTDOWN } from '../checkpoint/clean-shutdown.ts'
import { STORAGE_ERROR_CODES } from '../errors.ts'
import { appendTo, namesIn, segmentPath } from '../testing/damage.ts'
import { asLeader, batchOf, bytesOf, logFixture, type LogFixture, PATH } from '../testing/log-fixture.ts'

const LEADER = asLeader(0)
const OTHER_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAA'

function events(fixture: LogFixture): string[] {
  return fixture.logged.map(({ event }) => event)
}

async function durable(fixture: LogFixture, batches: number): Promise<void> {
  for (let index = 0; index < batches; index += 1) fixture.log.append(batchOf(), LEADER)
  await fixture.log.flush()
  await fixture.directory.checkpoints.write(fixture.directory.logs())
}

describe('the mark of a clean stop', () => {
  it('is there after one, and gone as soon as the directory is in use', async () => {
    const fixture = await logFixture()
    await fixture.stop()
    expect(namesIn(fixture.disk, PATH)).toContain(CLEAN_SHUTDOWN)
    await fixture.start()
    expect(namesIn(fixture.disk, PATH)).not.toContain(CLEAN_SHUTDOWN)
  })

  it('is not left while a log that a crash left was not looked at', async () => {
    const fixture = await logFixture()
    fixture.log.append(batchOf(), LEADER)
    fixture.kill()
    appendTo(fixture.disk, segmentPath(0, '.log'), batchOf().subarray(0, 30))
    await fixture.start()
    await fixture.stop()
    await fixture.reopen()
    expect(fixture.log.logEndOffset).toBe(1)
    expect(events(fixture)).toContain('a crash left an unfinished write; the log ends before it')
    await fixture.stop()
    expect(namesIn(fixture.disk, PATH)).toContain(CLEAN_SHUTDOWN)
  })

  it('is left although a log was not opened, when that had been stopped in good order before', async () => {
    const fixture = await logFixture()
    await fixture.stop()
    await fixture.start()
    await fixture.stop()
    expect(namesIn(fixture.disk, PATH)).toContain(CLEAN_SHUTDOWN)
  })

  it('carries the broker epoch that was told, from then on for as long as no other is', async () => {
    const fixture = await logFixture()
    expect(fixture.directory.brokerEpoch).toBe(-1)
    fixture.directory.brokerEpoch = 17
    await fixture.stop()
    await fixture.start()
    expect(fixture.directory.brokerEpoch).toBe(17)
    await fixture.stop()
    await fixture.start()
    expect(fixture.directory.brokerEpoch).toBe(17)
  })

  it('says nothing of an epoch after a crash', async () => {
    const fixture = await logFixture()
    fixture.directory.brokerEpoch = 17
    await fixture.stop()
    await fixture.start()
    fixture.kill()
    await fixture.start()
    expect(fixture.directory.brokerEpoch).toBe(-1)
  })
})

describe('a topic that is deleted', () => {
  it('owes the next one of its name nothing, whenever the process is killed', async () => {
    const fixture = await logFixture()
    await durable(fixture, 5)
    await fixture.directory.delete('orders', 0)
    expect(namesIn(fixture.disk, PATH)).not.toContain('orders-0')
    await fixture.openLog(OTHER_TOPIC_ID)
    expect(fixture.log.logEndOffset).toBe(0)
    fixture.log.append(batchOf(), LEADER)
    fixture.kill()
    await fixture.start()
    await fixture.openLog(OTHER_TOPIC_ID)
    expect(fixture.log.logEndOffset).toBe(1)
  })

  it('while the broker was down is kept aside, and owes the next one nothing', async () => {
    const fixture = await logFixture()
    await durable(fixture, 5)
    fixture.kill()
    await fixture.start()
    await fixture.openLog(OTHER_TOPIC_ID)
    expect(fixture.log.logEndOffset).toBe(0)
    expect(events(fixture)).toEqual(['a directory holds the records of another topic of this name; it is kept aside'])
    expect(namesIn(fixture.disk, PATH).filter((name) => name.endsWith('-stray'))).toHaveLength(1)
    fixture.log.append(batchOf(), LEADER)
    fixture.kill()
    await fixture.start()
    await fixture.openLog(OTHER_TOPIC_ID)
    expect(fixture.log.logEndOffset).toBe(1)
  })

  it('is gone after a crash in the middle of its removal', async () => {
    const fixture = await logFixture()
    await durable(fixture, 5)
    fixture.kill()
    fixture.disk.rename(`${PATH}/orders-0`, `${PATH}/orders-0.00112233445566778899aabbccddeeff-delete`)
    await fixture.start()
    expect(namesIn(fixture.disk, PATH).filter((name) => name.includes('orders'))).toEqual([])
    expect(fixture.directory.found()).toEqual([])
  })

  it('and made again, over and over, is the last that was made, however slow the disk is', async () => {
    const fixture = await logFixture()
    const { directory } = fixture
    const ids = ['A', 'B', 'C'].map((letter) => letter.repeat(21).concat('A'))
    const opened = ids.map((topicId, index) => {
      if (index > 0) void directory.delete('fresh', 0)
      return directory.open('fresh', 0, topicId, fixture.log.config)
    })
    for (const [index, opening] of opened.entries()) {
      const log = await opening
      expect(log.topicId).toBe(ids[index])
    }
    const last = await directory.open('fresh', 0, ids.at(-1) ?? '', fixture.log.config)
    expect(last.append(batchOf(), LEADER)).toMatchObject({ type: 'staged', baseOffset: 0 })
    await directory.delete('fresh', 0)
    expect(namesIn(fixture.disk, PATH)).not.toContain('fresh-0')
  })

  it('leaves other directories alone that look like it', async () => {
    const fixture = await logFixture()
    for (const name of ['orders-delete', 'a.b-0', 'orders-0.0123-delete', 'lost+found']) fixture.disk.createDirectory(`${PATH}/${name}`)
    fixture.kill()
    await fixture.start()
    expect(namesIn(fixture.disk, PATH)).toEqual(expect.arrayContaining(['orders-delete', 'a.b-0', 'orders-0.0123-delete', 'lost+found']))
    expect(fixture.directory.found()).toEqual([
      { topic: 'a.b', partition: 0 },
      { topic: 'orders', partition: 0 },
    ])
  })
})

describe('a directory of records that vanished', () => {
  it('is reported, again and again, and nothing is put in its place', async () => {
    const fixture = await logFixture()
    await durable(fixture, 5)
    fixture.kill()
    fixture.disk.removeDirectory(`${PATH}/orders-0`)
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await fixture.start()
      await expect(fixture.openLog()).rejects.toMatchObject({ code: STORAGE_ERROR_CODES.corrupt, path: `${PATH}/orders-0` })
      expect(namesIn(fixture.disk, PATH)).not.toContain('orders-0')
      fixture.kill()
    }
  })
})

describe('another log', () => {
  it('is served while one is damaged', async () => {
    const fixture = await logFixture()
    const other = await fixture.directory.open('other', 0, OTHER_TOPIC_ID, fixture.config)
    const batch = batchOf()
    other.append(batch, LEADER)
    await durable(fixture, 3)
    fixture.kill()
    fixture.disk.open(segmentPath(0, '.log')).truncate(10)
    await fixture.start()
    await expect(fixture.openLog()).rejects.toMatchObject({ code: STORAGE_ERROR_CODES.corrupt, position: 0 })
    const found = await fixture.directory.open('other', 0, OTHER_TOPIC_ID, fixture.config)
    expect(bytesOf(found, 0)).toEqual(batch)
    expect(fixture.directory.offlineError).toBeNull()
    expect(events(fixture)).toContain('a log could not be opened')
  })
})

describe('many logs that are recovered at once', () => {
  it('take their turns, so that neither files nor memory run out', async () => {
    const settings = { openFilesMax: 10 }
    const fixture = await logFixture({ settings })
    const open = (partition: number) => fixture.directory.open('many', partition, OTHER_TOPIC_ID, fixture.config)
    const partitions = Array.from({ length: 200 }, (_, partition) => partition)
    for (const log of await Promise.all(partitions.map(open))) log.append(batchOf(), LEADER)
    fixture.kill()
    await fixture.start()
    const logs = await Promise.all(partitions.map(open))
    expect(logs.map((log) => log.logEndOffset)).toEqual(logs.map(() => logs[0]?.logEndOffset))
    expect(fixture.directory.environment.files.openCount).toBeLessThan(50)
  })
})
