/** What a start makes of files that a crash in the middle of something left: rolls, deletions, compactions, first appends. */
import { DISK_ERROR_CODES, type MemoryDisk } from '@millrace/runtime'
import { describe, expect, it } from 'vitest'
import { PARTITION_METADATA } from '../checkpoint/partition-metadata.ts'
import { STORAGE_ERROR_CODES } from '../errors.ts'
import { SEGMENT_SUFFIXES, type SegmentSuffix } from '../file-names.ts'
import { appendTo, copyOf, cutFile, flip, namesIn, segmentPath, writeFile } from '../testing/damage.ts'
import { asLeader, batchOf, logFixture, type LogFixture, PARTITION_PATH, PATH, TOPIC_ID } from '../testing/log-fixture.ts'
import { batchesOf, observe } from '../testing/observe.ts'
import type { LoggedEvent } from '../testing/recording-logger.ts'
import { RICH_CONFIG, richLog } from '../testing/rich-log.ts'

const LEADER = asLeader(0)
const SUFFIXES = [SEGMENT_SUFFIXES.offsetIndex, SEGMENT_SUFFIXES.timeIndex, SEGMENT_SUFFIXES.transactionIndex, SEGMENT_SUFFIXES.log]

async function observed(disk: MemoryDisk, logged: LoggedEvent[] = []): Promise<object> {
  const { log } = await logFixture({ disk, config: RICH_CONFIG, logged })
  return observe(log)
}

function segmentsIn(disk: MemoryDisk): number[] {
  return namesIn(disk)
    .filter((name) => name.endsWith('.log'))
    .map((name) => Number(name.slice(0, 20)))
}

/** A rich log of which some process was killed, and what the next start finds. */
async function killed(): Promise<{ readonly disk: MemoryDisk; readonly expected: object; readonly bases: readonly number[] }> {
  const { disk, kill } = await richLog()
  kill()
  return { disk, expected: await observed(copyOf(disk)), bases: segmentsIn(disk) }
}

describe('files that wait for their removal', () => {
  it.each(['.deleted', '.cleaned'])('called %s go, and nothing else', async (state) => {
    const { disk, expected, bases } = await killed()
    for (const suffix of [...SUFFIXES, SEGMENT_SUFFIXES.snapshot])
      writeFile(disk, `${segmentPath(bases[1] as number, suffix)}${state}`, new Uint8Array(100))
    expect(await observed(disk)).toEqual(expected)
    expect(namesIn(disk).filter((name) => name.endsWith(state))).toEqual([])
  })
})

describe('a segment that is compacted, when the process is killed', () => {
  /** The second segment, as if compaction had dropped nothing from it, under names of a step of its replacement. */
  async function halfway(names: (path: string, suffix: SegmentSuffix) => string[]): Promise<Awaited<ReturnType<typeof killed>>> {
    const found = await killed()
    const { disk, bases } = found
    for (const suffix of SUFFIXES) {
      const path = segmentPath(bases[1] as number, suffix)
      if (disk.stat(path) === null) continue
      const content = disk.readFile(path)
      disk.removeFile(path)
      for (const name of names(path, suffix)) writeFile(disk, name, content)
    }
    return found
  }

  it.each<[string, (path: string, suffix: SegmentSuffix) => string[]]>([
    ['while it is written', (path) => [path, `${path}.cleaned`]],
    ['when its indexes are offered', (path, suffix) => [path, suffix === '.log' ? `${path}.cleaned` : `${path}.swap`]],
    ['when it is offered', (path) => [path, `${path}.swap`]],
    ['when some originals are set aside', (path, suffix) => [suffix === '.log' ? `${path}.deleted` : path, `${path}.swap`]],
    ['when all originals are set aside', (path) => [`${path}.deleted`, `${path}.swap`]],
    ['when the originals are gone', (path) => [`${path}.swap`]],
    ['when its log has its name', (path, suffix) => [suffix === '.log' ? path : `${path}.swap`]],
    ['when it is in place', (path) => [path, `${path}.deleted`]],
  ])('%s is there once', async (_, names) => {
    const { disk, expected } = await halfway(names)
    const logged: LoggedEvent[] = []
    expect(await observed(disk, logged)).toEqual(expected)
    expect(logged.filter(({ event }) => event.includes('damaged'))).toEqual([])
    expect(namesIn(disk).filter((name) => /\.(swap|cleaned|deleted)$/.test(name))).toEqual([])
    expect(await observed(copyOf(disk))).toEqual(expected)
  })

  it('is not believed before its last byte: the originals stay, and it is reported', async () => {
    const { disk, bases } = await halfway((path) => [path, `${path}.swap`])
    const path = `${segmentPath(bases[1] as number, '.log')}.swap`
    flip(disk, path, (disk.stat(path)?.sizeBytes ?? 0) - 1)
    const before = namesIn(disk)
    await expect(observed(disk)).rejects.toMatchObject({ code: STORAGE_ERROR_CODES.corrupt, path })
    expect(namesIn(disk)).toEqual(before)
  })

  it('replaces all that it was made from', async () => {
    const { disk, expected, bases } = await killed()
    const [, second, third] = bases as [number, number, number]
    const both = [second, third].map((base) => disk.readFile(segmentPath(base, '.log')))
    writeFile(disk, `${segmentPath(second, '.log')}.swap`, Uint8Array.from(both.flatMap((bytes) => [...bytes])))
    const found = (await observed(disk)) as { readonly batches: object; readonly segments: readonly { readonly baseOffset: number }[] }
    expect(found.batches).toEqual((expected as { readonly batches: object }).batches)
    expect(found.segments.map(({ baseOffset }) => baseOffset)).toEqual(bases.filter((base) => base !== third))
  })
})

describe('files of segments', () => {
  it('without a log go', async () => {
    const { disk, expected } = await killed()
    for (const suffix of ['.index', '.timeindex', '.txnindex'] as const) writeFile(disk, segmentPath(3, suffix), new Uint8Array(34))
    expect(await observed(disk)).toEqual(expected)
    expect(namesIn(disk).filter((name) => name.startsWith('00000000000000000003'))).toEqual([])
  })

  it('are all that a log needs: everything else is made again', async () => {
    const { disk, expected } = await killed()
    for (const name of namesIn(disk)) if (!/\.(log|txnindex)$|^partition/.test(name)) disk.removeFile(`${PARTITION_PATH}/${name}`)
    for (const name of namesIn(disk, PATH)) if (name.endsWith('-checkpoint')) disk.removeFile(`${PATH}/${name}`)
    expect(await observed(disk)).toEqual(expected)
  })

  it('that are no files of ours are left alone', async () => {
    const { disk, expected } = await killed()
    const names = ['00000000000000000003.log.bak', '3.log', 'notes.txt', '00000000000000000003.LOG', '99999999999999999999.log']
    for (const name of names) writeFile(disk, `${PARTITION_PATH}/${name}`, new Uint8Array(10))
    disk.createDirectory(`${PARTITION_PATH}/00000000000000000003.index`)
    expect(await observed(disk)).toEqual(expected)
    expect(namesIn(disk)).toEqual(expect.arrayContaining([...names, '00000000000000000003.index']))
  })
})

describe('an empty segment', () => {
  it('alone is an empty log', async () => {
    const fixture = await logFixture()
    fixture.kill()
    cutFile(fixture.disk, segmentPath(0, '.log'), 0)
    await fixture.reopen()
    expect([fixture.log.logStartOffset, fixture.log.logEndOffset]).toEqual([0, 0])
  })

  it('at the end is appended to, after a kill and after a stop', async () => {
    const fixture = await logFixture()
    fixture.log.append(batchOf(), LEADER)
    fixture.log.roll()
    await fixture.crash()
    expect(fixture.log.segments.count).toBe(2)
    await fixture.restart()
    expect(fixture.log.append(batchOf(), LEADER)).toMatchObject({ baseOffset: 1 })
    expect(fixture.log.segments.active.baseOffset).toBe(1)
    await fixture.crash()
    expect(batchesOf(fixture.log)).toHaveLength(2)
  })

  it.each(['crash', 'restart'] as const)('that a failed roll left hides nothing (after a %s)', async (how) => {
    const fixture = await logFixture({ config: { segmentBytes: 300 } })
    const append = (valueBytes: number): void => void fixture.log.append(batchOf({ valueBytes }), LEADER)
    append(50)
    fixture.disk.failNext({ operation: 'write', pathIncludes: '.snapshot', code: DISK_ERROR_CODES.full })
    // Too large for the segment, which has to be rolled; the next one fits in.
    expect(() => append(200)).toThrow(expect.objectContaining({ code: STORAGE_ERROR_CODES.diskFull }))
    append(20)
    expect(segmentsIn(fixture.disk)).toEqual([0, 1])
    const before = batchesOf(fixture.log)
    expect(before).toHaveLength(2)
    await fixture[how]()
    expect(batchesOf(fixture.log)).toEqual(before)
    expect(fixture.log.append(batchOf(), LEADER)).toMatchObject({ baseOffset: 2 })
  })

  it('that a failed roll left is seen for what it is below the recovery point too', async () => {
    const fixture = await logFixture({ config: { segmentBytes: 300 } })
    const append = (valueBytes: number): void => void fixture.log.append(batchOf({ valueBytes }), LEADER)
    append(50)
    fixture.disk.failNext({ operation: 'write', pathIncludes: '.snapshot', code: DISK_ERROR_CODES.full })
    expect(() => append(200)).toThrow()
    append(20)
    await fixture.log.flush()
    await fixture.directory.checkpoints.write([fixture.log])
    append(10)
    const before = batchesOf(fixture.log)
    await fixture.crash()
    expect(batchesOf(fixture.log)).toEqual(before)
  })
})

describe('segments that do not follow each other', () => {
  const SIZE = batchOf().length

  /** Three segments of two batches each; the first is durable. */
  async function three(): Promise<LogFixture> {
    const fixture = await logFixture({ config: { segmentBytes: 2 * SIZE } })
    for (let index = 0; index < 6; index += 1) {
      fixture.log.append(batchOf(), LEADER)
      if (index !== 1) continue
      await fixture.log.flush()
      await fixture.directory.checkpoints.write([fixture.log])
    }
    fixture.kill()
    return fixture
  }

  it('above the recovery point end the log where the first of them ends', async () => {
    const fixture = await three()
    cutFile(fixture.disk, segmentPath(2, '.log'), SIZE)
    await fixture.reopen()
    expect(fixture.log.logEndOffset).toBe(3)
    expect(fixture.logged).toMatchObject([
      {
        level: 'warn',
        event: 'a crash left an unfinished write; the log ends before it',
        fields: { path: segmentPath(2, '.log'), position: SIZE, removedBytes: 2 * SIZE, reason: 'the next segment begins at offset 4' },
      },
    ])
    expect(fixture.log.append(batchOf(), LEADER)).toMatchObject({ baseOffset: 3 })
    await fixture.crash()
    expect(batchesOf(fixture.log).map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2, 3])
  })

  it('above the recovery point are kept where compaction may have taken what is missing', async () => {
    const fixture = await three()
    cutFile(fixture.disk, segmentPath(2, '.log'), SIZE)
    const { log } = await logFixture({
      disk: fixture.disk,
      config: { segmentBytes: 2 * SIZE, cleanupPolicy: { delete: false, compact: true } },
    })
    expect(batchesOf(log).map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2, 4, 5])
  })

  /** The same, and all of it durable. */
  async function threeDurable(): Promise<LogFixture> {
    const fixture = await three()
    await fixture.reopen()
    await fixture.log.flush()
    await fixture.directory.checkpoints.write([fixture.log])
    fixture.kill()
    return fixture
  }

  it('below it, as one goes on where the next begins, are reported', async () => {
    const fixture = await threeDurable()
    appendTo(fixture.disk, segmentPath(2, '.log'), fixture.disk.readFile(segmentPath(4, '.log')))
    await fixture.start()
    await expect(fixture.openLog()).rejects.toMatchObject({
      code: STORAGE_ERROR_CODES.corrupt,
      path: segmentPath(2, '.log'),
      reason: 'it ends at offset 6, and the next segment begins at offset 4',
    })
  })

  it.each([1, SIZE - 1, SIZE + 1, 2 * SIZE - 1])('below it, as %i bytes are left of one, are reported', async (sizeBytes) => {
    const fixture = await threeDurable()
    cutFile(fixture.disk, segmentPath(2, '.log'), sizeBytes)
    await fixture.start()
    await expect(fixture.openLog()).rejects.toMatchObject({
      code: STORAGE_ERROR_CODES.corrupt,
      path: segmentPath(2, '.log'),
      position: Math.floor(sizeBytes / SIZE) * SIZE,
    })
  })

  it('below it, as whole batches are missing, are reported, and opened: compaction may have been at work elsewhere', async () => {
    const fixture = await threeDurable()
    cutFile(fixture.disk, segmentPath(2, '.log'), SIZE)
    await fixture.reopen()
    expect(fixture.logged).toMatchObject([
      { level: 'error', event: 'records between two segments are missing', fields: { path: segmentPath(4, '.log'), logEndOffset: 3 } },
    ])
    expect(batchesOf(fixture.log).map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2, 4, 5])
  })

  it('below it, as whole batches are missing that indexes name, cannot be opened', async () => {
    const fixture = await logFixture({ config: { segmentBytes: 2 * SIZE } })
    for (let index = 0; index < 6; index += 1) fixture.log.append(batchOf({ timestamp: 1000 + index }), LEADER)
    await fixture.stop()
    cutFile(fixture.disk, segmentPath(2, '.log'), SIZE)
    await fixture.start()
    await expect(fixture.openLog()).rejects.toMatchObject({
      code: STORAGE_ERROR_CODES.corrupt,
      path: segmentPath(2, '.log'),
      position: SIZE,
      reason: 'it ends at offset 3, and its indexes name offset 3',
    })
  })

  it('since the last one is gone, below the recovery point, are reported', async () => {
    const fixture = await three()
    await fixture.reopen()
    await fixture.log.flush()
    await fixture.stop()
    fixture.disk.removeFile(segmentPath(4, '.log'))
    await fixture.start()
    await expect(fixture.openLog()).rejects.toMatchObject({
      code: STORAGE_ERROR_CODES.corrupt,
      path: segmentPath(2, '.log'),
      position: 2 * SIZE,
      reason: 'the log ends at offset 4, and was durable up to 6',
    })
  })

  it('since the first one is gone are a log that begins later', async () => {
    const fixture = await three()
    fixture.disk.removeFile(segmentPath(0, '.log'))
    await fixture.reopen()
    expect([fixture.log.logStartOffset, fixture.log.logEndOffset]).toEqual([2, 6])
  })
})

describe('records that were deleted', () => {
  it.each(['crash', 'restart'] as const)('stay deleted after a %s', async (how) => {
    const fixture = await logFixture()
    for (let index = 0; index < 6; index += 1) fixture.log.append(batchOf(), LEADER)
    fixture.log.setHighWatermark(6)
    fixture.log.deleteRecordsBefore(4)
    await fixture.directory.persistLogStart(fixture.log)
    await fixture[how]()
    expect([fixture.log.logStartOffset, fixture.log.logEndOffset]).toEqual([4, 6])
  })

  it('are not followed by others at their offsets, when a crash took all that came after them', async () => {
    const fixture = await logFixture()
    for (let index = 0; index < 6; index += 1) fixture.log.append(batchOf(), LEADER)
    fixture.log.setHighWatermark(6)
    fixture.log.deleteRecordsBefore(5)
    await fixture.directory.persistLogStart(fixture.log)
    fixture.kill()
    cutFile(fixture.disk, segmentPath(0, '.log'), 2 * batchOf().length + 5)
    await fixture.reopen()
    expect([fixture.log.logStartOffset, fixture.log.logEndOffset]).toEqual([5, 5])
    expect(fixture.logged.map(({ event }) => event)).toContain('the log ends before its start; it begins anew there')
    expect(fixture.log.append(batchOf(), LEADER)).toMatchObject({ baseOffset: 5 })
    await fixture.log.flush()
    await fixture.crash()
    expect(batchesOf(fixture.log).map(({ baseOffset }) => baseOffset)).toEqual([5])
  })
})

describe('the name of the topic in a partition directory', () => {
  const path = `${PARTITION_PATH}/${PARTITION_METADATA}`

  it.each<[string, (disk: MemoryDisk) => void]>([
    ['missing', (disk) => disk.removeFile(path)],
    ['empty', (disk) => cutFile(disk, path, 0)],
    ['cut short', (disk) => cutFile(disk, path, 30)],
    ['zeros', (disk) => writeFile(disk, path, new Uint8Array(40))],
    ['of an unknown version', (disk) => flip(disk, path, 9, 1)],
  ])('that is %s is written again, and the records stay', async (_, damage) => {
    const { disk, expected } = await killed()
    damage(disk)
    const logged: LoggedEvent[] = []
    expect(await observed(disk, logged)).toEqual(expected)
    expect(logged.map(({ event }) => event)).toContain('a partition directory does not say whose it is; it is taken for this topic')
    expect(new TextDecoder().decode(disk.readFile(path))).toBe(`version: 0\ntopic_id: ${TOPIC_ID}`)
  })
})

it('a recovery that a full disk stops can be done again when there is room', async () => {
  const { disk, expected, bases } = await killed()
  for (const base of bases) for (const suffix of ['.index', '.timeindex'] as const) disk.removeFile(segmentPath(base, suffix))
  disk.setCapacity(disk.usedBytes)
  const error = await observed(disk).catch((thrown: unknown) => thrown)
  if (error instanceof Error) expect(error).toMatchObject({ code: STORAGE_ERROR_CODES.diskFull })
  disk.setCapacity(1_000_000)
  expect(await observed(copyOf(disk))).toEqual(expected)
})
