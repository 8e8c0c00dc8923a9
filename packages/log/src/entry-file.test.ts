import { createMemoryDisk, type MemoryDisk } from '@millrace/runtime'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { EntryFile } from './entry-file.ts'
import { FilePool, type FileSlot } from './file-pool.ts'
import { readInt32, writeInt32 } from './integers.ts'

const ENTRY_BYTES = 4
const keyAt = (bytes: Uint8Array, at: number): number => readInt32(bytes, at)

let disk: MemoryDisk
let pool: FilePool

beforeEach(() => {
  disk = createMemoryDisk()
  pool = new FilePool(disk, 10)
})

function slot(path: string): FileSlot {
  return pool.slot(path)
}

function fileWith(path: string, keys: readonly number[], extraBytes = 0): EntryFile {
  const bytes = new Uint8Array(keys.length * ENTRY_BYTES + extraBytes)
  keys.forEach((key, index) => writeInt32(bytes, index * ENTRY_BYTES, key))
  const file = disk.open(path, { create: true })
  if (bytes.length > 0) file.writeSync([bytes], 0)
  return EntryFile.onDisk(slot(path), ENTRY_BYTES, bytes.length)
}

function push(entries: EntryFile, key: number): void {
  const at = entries.push()
  writeInt32(entries.bytes, at, key)
}

function keysOf(entries: EntryFile): number[] {
  return Array.from({ length: entries.count }, (_, index) => {
    const at = entries.locate(index)
    return keyAt(entries.bytes, at)
  })
}

describe('an active file', () => {
  it('is in memory until it is written, and holds what was appended', () => {
    const entries = EntryFile.create(slot('/a'), ENTRY_BYTES)
    for (let key = 0; key < 100; key += 1) push(entries, key)
    expect(disk.stat('/a')).toBeNull()
    expect(entries.unwrittenCount).toBe(100)
    entries.write()
    expect(entries.unwrittenCount).toBe(0)
    expect(disk.stat('/a')?.sizeBytes).toBe(400)
    expect(keysOf(entries)).toEqual(Array.from({ length: 100 }, (_, key) => key))
  })

  it('replaces what a file of that name holds', () => {
    fileWith('/a', [1, 2, 3, 4])
    const entries = EntryFile.create(slot('/a'), ENTRY_BYTES)
    push(entries, 9)
    entries.write()
    expect([...disk.readFile('/a')]).toEqual([0, 0, 0, 9])
  })

  it('keeps what could not be written for the next time', () => {
    const entries = EntryFile.create(slot('/a'), ENTRY_BYTES)
    push(entries, 1)
    disk.failNext({ operation: 'write', writtenBytes: 2 })
    expect(() => entries.write()).toThrow()
    push(entries, 2)
    entries.write()
    expect([...disk.readFile('/a')]).toEqual([0, 0, 0, 1, 0, 0, 0, 2])
  })

  it('does not leave memory while something is unwritten', () => {
    const entries = EntryFile.create(slot('/a'), ENTRY_BYTES)
    push(entries, 1)
    entries.unload()
    expect(entries.isInMemory).toBe(true)
    entries.write()
    entries.unload()
    expect(entries.isInMemory).toBe(false)
    expect(keysOf(entries)).toEqual([1])
  })

  it.each([
    [5, 3],
    [3, 3],
    [0, 0],
  ])('cut to %i of 3 has %i, in the file too', (count, left) => {
    const entries = EntryFile.create(slot('/a'), ENTRY_BYTES)
    for (const key of [1, 2, 3]) push(entries, key)
    entries.write()
    entries.truncate(count)
    expect(entries.count).toBe(left)
    expect(disk.stat('/a')?.sizeBytes).toBe(left * ENTRY_BYTES)
    push(entries, 7)
    entries.write()
    expect(keysOf(entries).at(-1)).toBe(7)
    expect(disk.stat('/a')?.sizeBytes).toBe((left + 1) * ENTRY_BYTES)
  })
})

describe('a file that is made anew', () => {
  it('stays as it was until the new one replaces it', async () => {
    const entries = fileWith('/a', [1, 2, 3])
    entries.startOver()
    push(entries, 7)
    expect(keysOf(entries)).toEqual([7])
    expect(disk.stat('/a')?.sizeBytes).toBe(12)
    disk.failNext({ operation: 'replaceFile' })
    await expect(entries.replace(disk)).rejects.toThrow()
    expect(entries.unwrittenCount).toBe(1)
    await entries.replace(disk)
    expect([...disk.readFile('/a')]).toEqual([0, 0, 0, 7])
    push(entries, 8)
    entries.write()
    expect([...disk.readFile('/a')]).toEqual([0, 0, 0, 7, 0, 0, 0, 8])
  })
})

it('reads what it was made into, not what it was before', async () => {
  const entries = fileWith('/a', [1, 2, 3])
  expect(keysOf(entries)).toEqual([1, 2, 3])
  entries.startOver()
  push(entries, 9)
  await entries.replace(disk)
  entries.unload()
  expect(keysOf(entries)).toEqual([9])
})

describe('a file on disk', () => {
  it('reads its entries, without a part of one at the end', () => {
    expect(keysOf(fileWith('/a', [1, 2, 3], 3))).toEqual([1, 2, 3])
  })

  it('reads its own entries when others are searched in between', () => {
    const small = fileWith('/a', [1, 2, 3])
    const other = fileWith('/b', [70, 80, 90])
    expect(keyAt(small.bytes, small.locate(2))).toBe(3)
    expect(keyAt(other.bytes, other.locate(2))).toBe(90)
    expect(keyAt(small.bytes, small.locate(2))).toBe(3)
  })

  it('reads zeros where it became shorter behind our back', () => {
    const entries = fileWith('/a', [1, 2, 3])
    disk.open('/a').truncate(4)
    expect(keysOf(entries)).toEqual([1, 0, 0])
    entries.load()
    expect(entries.count).toBe(1)
  })

  it('is appended to where its whole entries end', () => {
    const entries = fileWith('/a', [1, 2, 3], 2)
    entries.load()
    push(entries, 4)
    entries.write()
    expect([...disk.readFile('/a')]).toEqual([0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4])
  })

  it('that was preallocated takes no memory for what is cut off', () => {
    const entries = EntryFile.onDisk(slot('/a'), ENTRY_BYTES, 10 * 1024 * 1024)
    disk.open('/a', { create: true }).truncate(10 * 1024 * 1024)
    entries.truncate(2)
    entries.load()
    expect(entries.memoryBytes).toBeLessThan(1000)
    push(entries, 5)
    entries.write()
    expect(disk.stat('/a')?.sizeBytes).toBe(12)
  })
})

it('finds what a search of the whole would find, in memory and on disk (property)', () => {
  const sorted = fc.uniqueArray(fc.integer({ min: 0, max: 10_000 }), { maxLength: 3000 }).map((keys) => keys.sort((a, b) => a - b))
  fc.assert(
    fc.property(sorted, fc.array(fc.integer({ min: -1, max: 10_001 }), { maxLength: 20 }), (keys, targets) => {
      const onDisk = fileWith('/a', keys)
      const inMemory = fileWith('/a', keys)
      inMemory.load()
      for (const target of targets) {
        const expected = keys.findLastIndex((key) => key <= target)
        expect(onDisk.floor(target, keyAt)).toBe(expected)
        expect(inMemory.floor(target, keyAt)).toBe(expected)
      }
      disk.removeFile('/a')
      pool = new FilePool(disk, 10)
    }),
    { numRuns: 50 },
  )
})
