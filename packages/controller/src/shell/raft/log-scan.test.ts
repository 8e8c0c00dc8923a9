/** What is seen of a log as it lies on the disk, and how a torn write is told from a loss. */
import { crc32c, createMemoryDisk, type MemoryDisk } from '@millrace/runtime'
import { type Entry, membershipOf } from 'raft-ts'
import { describe, expect, it } from 'vitest'
import { METADATA_STORAGE_ERROR_CODES } from '../errors.ts'
import { writeFile } from '../testing/test-node.ts'
import { encodeEntry } from './entry-codec.ts'
import { type ScannedLog, scanLog } from './log-scan.ts'

const DIRECTORY = '/log'

function data(index: number, term = 1): Entry {
  return { type: 'data', index, term, data: new Uint8Array(40).fill(index) }
}

/** Entries that were written together. */
function write(...entries: readonly Entry[]): Uint8Array {
  const writeIndex = entries[0]?.index ?? 0
  return joined(entries.map((entry) => encodeEntry(entry, { timestamp: 0, writeIndex, crc32c })))
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

/** Segments by the index of their first entry. */
function diskWith(segments: Readonly<Record<number, Uint8Array>>): MemoryDisk {
  const disk = createMemoryDisk()
  disk.createDirectory(DIRECTORY)
  for (const [firstIndex, content] of Object.entries(segments)) writeFile(disk, segmentPath(Number(firstIndex)), content)
  return disk
}

function segmentPath(firstIndex: number): string {
  return `${DIRECTORY}/${String(firstIndex - 1).padStart(20, '0')}.log`
}

function scan(segments: Readonly<Record<number, Uint8Array>>): Promise<ScannedLog> {
  return scanLog(diskWith(segments), DIRECTORY, crc32c)
}

function withBadByte(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] = (copy[at] as number) ^ 1
  return copy
}

describe('a whole log', () => {
  it('is nothing where there is none', async () => {
    expect(await scanLog(createMemoryDisk(), DIRECTORY, crc32c)).toMatchObject({
      firstIndex: 1,
      lastIndex: 0,
      termStarts: [],
      damage: null,
    })
  })

  it('says where terms begin and memberships change', async () => {
    const membership = membershipOf(['1@a', '2@b'], ['3@c'])
    const first = write({ type: 'membership', index: 4, term: 2, membership }, data(5, 2))
    const second = joined([write({ type: 'noop', index: 6, term: 5 }), write(data(7, 5))])
    expect(await scan({ 4: first, 6: second, 8: new Uint8Array(0) })).toEqual({
      firstIndex: 4,
      lastIndex: 7,
      lastTerm: 5,
      termStarts: [
        { index: 4, term: 2 },
        { index: 6, term: 5 },
      ],
      memberships: [{ index: 4, membership }],
      sizeBytes: first.length + second.length,
      damage: null,
    })
  })

  it('may have entries that are larger than what is read at a time', async () => {
    const large = { ...data(2), data: new Uint8Array(3_000_000).fill(1) } as Entry
    expect(await scan({ 1: joined([write(data(1)), write(large), write(data(3))]) })).toMatchObject({ lastIndex: 3, damage: null })
  })
})

describe('a torn write', () => {
  it('is the last one, cut at whatever byte', async () => {
    const before = joined([write(data(1)), write(data(2))])
    const last = write(data(3))
    for (let length = 1; length < last.length; length += 1) {
      const { lastIndex, damage } = await scan({ 1: joined([before, last.subarray(0, length)]) })
      expect([lastIndex, damage?.index, damage?.isTornWrite, damage?.position]).toEqual([2, 3, true, before.length])
    }
  })

  it('may have left what comes later in it and not what comes first', async () => {
    const before = write(data(1))
    const last = write(data(2), data(3), data(4))
    const { damage } = await scan({ 1: joined([before, withBadByte(last, 80)]) })
    expect(damage).toMatchObject({ index: 2, isTornWrite: true, position: before.length })
  })

  it('may lack the beginning of its offset, which the checksum does not cover', async () => {
    const before = Array.from({ length: 300 }, (_, at) => write(data(at + 1)))
    const last = write(data(301))
    const whole = last.slice(0, 8)
    for (let missing = 1; missing <= 8; missing += 1) {
      last.set(whole)
      last.fill(0, 0, missing)
      const { damage, lastIndex } = await scan({ 1: joined([...before, last]) })
      // The offset, 300, has two bytes that are not zero.
      if (missing < 7) expect([damage, lastIndex]).toEqual([null, 301])
      else
        expect(damage).toMatchObject({
          index: 301,
          isTornWrite: true,
          reason: expect.stringMatching(/an entry of index 301 and epoch 1 is/),
        })
    }
  })

  it('may have begun another segment', async () => {
    const entries = [data(2), data(3)].map((entry) => encodeEntry(entry, { timestamp: 0, writeIndex: 2, crc32c })) as [
      Uint8Array,
      Uint8Array,
    ]
    const { damage } = await scan({ 1: joined([write(data(1)), withBadByte(entries[0], 80)]), 3: entries[1] })
    expect(damage).toMatchObject({ index: 2, isTornWrite: true, laterPaths: [segmentPath(3)] })
  })

  it('may be followed by rubbish', async () => {
    const { damage } = await scan({ 1: joined([write(data(1)), new Uint8Array(500).fill(2)]) })
    expect(damage).toMatchObject({ index: 2, isTornWrite: true })
  })
})

describe('a loss', () => {
  it('is what a later write follows, wherever the damage is', async () => {
    const before = write(data(1))
    const damaged = write(data(2))
    for (let at = 0; at < damaged.length; at += 1) {
      const { lastIndex, damage } = await scan({ 1: joined([before, withBadByte(damaged, at), write(data(3))]) })
      expect([lastIndex, damage?.index, damage?.isTornWrite]).toEqual([1, 2, false])
    }
  })

  it('is found though the later write is in another segment', async () => {
    const { damage } = await scan({ 1: joined([write(data(1)), withBadByte(write(data(2)), 80)]), 3: write(data(3)) })
    expect(damage).toMatchObject({ index: 2, isTornWrite: false })
  })

  it('is a gap between segments', async () => {
    const { damage } = await scan({ 1: write(data(1)), 3: write(data(3)) })
    expect(damage).toMatchObject({ index: 2, isTornWrite: false, path: segmentPath(3), position: 0 })
  })

  it.each([
    ['of another index', [data(1), data(3)]],
    ['of an earlier epoch', [data(1, 4), data(2, 3)]],
  ])('is a last entry %s, for no crash puts it there', async (_, entries) => {
    const { damage } = await scan({ 1: joined(entries.map((entry) => write(entry))) })
    expect(damage).toMatchObject({ index: 2, isTornWrite: false })
  })

  it.each([
    ['offset', 6],
    ['epoch', 15],
  ])('is a last entry whose %s, which the checksum does not cover, was changed as no crash does it', async (_, at) => {
    const { damage } = await scan({ 1: joined([write(data(1)), withBadByte(write(data(2)), at)]) })
    expect(damage).toMatchObject({
      index: 2,
      isTornWrite: false,
      reason: expect.stringMatching(/an entry of index 2 and epoch 1 is where/),
    })
  })
})

it('does not take an entry of a newer version for damage', async () => {
  const bytes = encodeEntry(data(2), { timestamp: 0, writeIndex: 2, crc32c })
  const key = bytes.findIndex((byte, at) => at > 61 && byte === 2 && bytes[at + 1] === 1)
  bytes[key + 1] = 9
  new DataView(bytes.buffer).setUint32(17, crc32c(bytes.subarray(21)))
  await expect(scan({ 1: joined([write(data(1)), bytes]) })).rejects.toMatchObject({ code: METADATA_STORAGE_ERROR_CODES.newerVersion })
})
