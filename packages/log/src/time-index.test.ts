import { createMemoryDisk } from '@millrace/runtime'
import { describe, expect, it } from 'vitest'
import { FilePool } from './file-pool.ts'
import { writeInt32, writeInt64 } from './integers.ts'
import { TimeIndex } from './time-index.ts'

const BASE = 1000
const T = 1_700_000_000_000

function onDisk(entries: readonly (readonly [timestamp: number, relativeOffset: number])[]): TimeIndex {
  const bytes = new Uint8Array(entries.length * 12)
  entries.forEach(([timestamp, relativeOffset], index) => {
    writeInt64(bytes, index * 12, timestamp)
    writeInt32(bytes, index * 12 + 8, relativeOffset)
  })
  const disk = createMemoryDisk()
  const file = disk.open('/timeindex', { create: true })
  if (bytes.length > 0) file.writeSync([bytes], 0)
  return TimeIndex.onDisk(new FilePool(disk, 10).slot('/timeindex'), BASE, bytes.length)
}

const SOUND = [
  [T, 9],
  [T + 10, 19],
  [T + 20, 25],
] as const

it('is on disk what Kafka has there', () => {
  const disk = createMemoryDisk()
  const index = TimeIndex.create(new FilePool(disk, 10).slot('/timeindex'), BASE)
  index.append(0x0102030405, 1009)
  index.entries.write()
  expect(Buffer.from(disk.readFile('/timeindex')).toString('hex')).toBe('0000000102030405' + '00000009')
})

it.each([
  ['a later time of a later batch', T + 1, 1010, 2],
  ['the same time', T, 1010, 1],
  ['an earlier time', T - 1, 1010, 1],
  ['a later time of the same batch', T + 1, 1009, 1],
  ['no time', -1, 1010, 1],
])('takes or leaves %s', (_, timestamp, offset, count) => {
  const index = TimeIndex.create(new FilePool(createMemoryDisk(), 10).slot('/timeindex'), BASE)
  index.append(T, 1009)
  index.append(timestamp, offset)
  expect(index.count).toBe(count)
})

it.each([
  [T, null],
  [T + 1, { timestamp: T, offset: 1009 }],
  [T + 10, { timestamp: T, offset: 1009 }],
  [T + 11, { timestamp: T + 10, offset: 1019 }],
  [Number.MAX_SAFE_INTEGER, { timestamp: T + 20, offset: 1025 }],
  [0, null],
])('knows how far nothing has reached %i', (timestamp, expected) => {
  expect(onDisk(SOUND).lastBefore(timestamp)).toEqual(expected)
})

describe('what is sound', () => {
  it.each<[string, readonly (readonly [number, number])[], number]>([
    ['all of a good one', SOUND, 3],
    ['what lies before zeros', [...SOUND.slice(0, 2), [0, 0]], 2],
    ['what lies before a time that falls', [SOUND[0], [T - 1, 19]], 1],
    ['what lies before an offset that falls', [SOUND[0], [T + 1, 8]], 1],
    ['what lies before a negative offset', [SOUND[0], [T + 1, -8]], 1],
    ['nothing of a negative time', [[-5, 9]], 0],
    ['what lies before the end offset', [SOUND[0], [T + 1, 26]], 1],
    ['what is not later than the latest', [SOUND[0], [T + 101, 19]], 1],
  ])('is %s', (_, entries, count) => {
    expect(onDisk(entries).soundCount(1026, T + 100)).toBe(count)
  })
})
