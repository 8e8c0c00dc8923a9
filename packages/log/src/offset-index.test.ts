import { createMemoryDisk } from '@millrace/runtime'
import { describe, expect, it } from 'vitest'
import { FilePool } from './file-pool.ts'
import { writeInt32 } from './integers.ts'
import { OffsetIndex } from './offset-index.ts'

const BASE = 1000

function onDisk(entries: readonly (readonly [relativeOffset: number, position: number])[], baseOffset = BASE): OffsetIndex {
  const bytes = new Uint8Array(entries.length * 8)
  entries.forEach(([relativeOffset, position], index) => {
    writeInt32(bytes, index * 8, relativeOffset)
    writeInt32(bytes, index * 8 + 4, position)
  })
  const disk = createMemoryDisk()
  const file = disk.open('/index', { create: true })
  if (bytes.length > 0) file.writeSync([bytes], 0)
  return OffsetIndex.onDisk(new FilePool(disk, 10).slot('/index'), baseOffset, bytes.length)
}

const SOUND = [
  [9, 4100],
  [19, 8200],
  [25, 12_300],
] as const

it('is on disk what Kafka has there', () => {
  const disk = createMemoryDisk()
  const index = OffsetIndex.create(new FilePool(disk, 10).slot('/index'), BASE)
  index.append(1009, 4100)
  index.append(1019, 8200)
  index.entries.write()
  expect(Buffer.from(disk.readFile('/index')).toString('hex')).toBe('00000009' + '00001004' + '00000013' + '00002008')
})

describe('a search', () => {
  it.each([
    [0, null],
    [1008, null],
    [1009, { lastOffset: 1009, position: 4100 }],
    [1018, { lastOffset: 1009, position: 4100 }],
    [1019, { lastOffset: 1019, position: 8200 }],
    [9_999_999, { lastOffset: 1025, position: 12_300 }],
  ])('for offset %i finds %o', (offset, expected) => {
    expect(onDisk(SOUND).floorByOffset(offset)).toEqual(expected)
  })

  it.each([
    [4099, null],
    [4100, { lastOffset: 1009, position: 4100 }],
    [12_299, { lastOffset: 1019, position: 8200 }],
  ])('for position %i finds %o', (position, expected) => {
    expect(onDisk(SOUND).floorByPosition(position)).toEqual(expected)
  })

  it('of an empty one finds nothing', () => {
    expect(onDisk([]).floorByOffset(5000)).toBeNull()
    expect(onDisk([]).last()).toBeNull()
  })

  it('knows the last entry', () => {
    expect(onDisk(SOUND).last()).toEqual({ lastOffset: 1025, position: 12_300 })
  })
})

describe('what is sound', () => {
  it.each<[string, readonly (readonly [number, number])[], number]>([
    ['all of a good one', SOUND, 3],
    ['what lies before zeros', [...SOUND.slice(0, 2), [0, 0], [0, 0]], 2],
    ['nothing of zeros', [[0, 0]], 0],
    ['what lies before an offset that falls', [SOUND[0], [8, 8200]], 1],
    ['what lies before an offset that stands still', [SOUND[0], [9, 8200]], 1],
    ['what lies before a position that falls', [SOUND[0], [19, 4000]], 1],
    ['what lies before a negative offset', [SOUND[0], [-5, 8200]], 1],
    ['what lies before a negative position', [SOUND[0], [19, -8200]], 1],
    ['what lies before the end offset', [SOUND[0], [30, 8200]], 1],
    ['what lies before the end position', [SOUND[0], [19, 20_000]], 1],
  ])('is %s', (_, entries, count) => {
    expect(onDisk(entries).soundCount(1026, 16_000)).toBe(count)
  })
})
