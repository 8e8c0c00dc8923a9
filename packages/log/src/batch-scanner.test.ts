import { batchBaseOffset, setBaseOffset } from '@millrace/protocol'
import { crc32c, createMemoryDisk, type DiskFile } from '@millrace/runtime'
import { describe, expect, it } from 'vitest'
import { BatchScanner, type BatchScannerOptions } from './batch-scanner.ts'
import { batchOf } from './testing/log-fixture.ts'

const MIB = 1024 * 1024

/** Batches of one record each, at offsets 0, 1, 2... */
function fileOf(...valueBytes: readonly number[]): {
  readonly file: DiskFile
  readonly positions: readonly number[]
  readonly sizeBytes: number
} {
  const file = createMemoryDisk().open('/log', { create: true })
  const positions: number[] = []
  let sizeBytes = 0
  valueBytes.forEach((length, offset) => {
    const batch = batchOf({ valueBytes: length })
    setBaseOffset(batch, 0, offset)
    file.writeSync([batch], sizeBytes)
    positions.push(sizeBytes)
    sizeBytes += batch.length
  })
  return { file, positions, sizeBytes }
}

async function walked(
  options: BatchScannerOptions,
): Promise<{ readonly found: [offset: number, position: number][]; readonly scanner: BatchScanner }> {
  const scanner = new BatchScanner(options)
  const found: [number, number][] = []
  for (let next = scanner.next(); typeof next === 'boolean' ? next : await next; next = scanner.next()) {
    found.push([batchBaseOffset(scanner.bytes, scanner.at), scanner.position])
  }
  return { found, scanner }
}

const MODES = [
  ['headers', { isWhole: false }],
  ['whole batches', { isWhole: true }],
  ['checked headers', { isWhole: false, crc32c }],
  ['checked whole batches', { isWhole: true, crc32c }],
] as const

describe.each(MODES)('walking %s', (_, mode) => {
  it.each([
    ['small batches', [10, 20, 30, 10, 5]],
    ['batches around what is read at a time', [262_000, 262_100, 10, 262_144, 400_000]],
    ['batches larger than memory is given for', [10, 9 * MIB, 20, 8 * MIB, 5]],
  ])('meets %s', async (__, sizes) => {
    const { file, positions, sizeBytes } = fileOf(...sizes)
    const { found, scanner } = await walked({ file, from: 0, to: sizeBytes, ...mode })
    expect(found).toEqual(positions.map((position, offset) => [offset, position]))
    expect([scanner.endPosition, scanner.damage]).toEqual([sizeBytes, null])
  })

  it('begins and ends where it is told to', async () => {
    const { file, positions } = fileOf(10, 20, 30, 40)
    const { found, scanner } = await walked({ file, from: positions[1] as number, to: positions[3] as number, ...mode })
    expect(found.map(([offset]) => offset)).toEqual([1, 2])
    expect(scanner.damage).toBeNull()
  })

  it.each<[string, number, readonly number[], RegExp]>([
    ['magic', 16, [1], /magic 1/],
    ['a length below that of a header', 8, [0, 0, 0, 5], /a batch of 17 bytes/],
    ['a negative length', 8, [0xff, 0, 0, 0], /a batch of -\d+ bytes/],
    ['a length beyond the file', 8, [0x7f, 0xff, 0xff, 0xff], /a batch of \d+ bytes where \d+ are left/],
    ['an offset that was given before', 7, [0], /offsets 0 to 0 where 1 is the least/],
    ['a negative offset', 0, [0xff], /where 1 is the least/],
    ['a last offset before the first', 23, [0xff, 0, 0, 0], /offsets 1 to -\d+/],
  ])('ends before a batch with %s', async (__, byte, bytes, damage) => {
    const { file, positions, sizeBytes } = fileOf(10, 20, 30)
    file.writeSync([Uint8Array.from(bytes)], (positions[1] as number) + byte)
    const { found, scanner } = await walked({ file, from: 0, to: sizeBytes, ...mode })
    expect(found).toEqual([[0, 0]])
    expect(scanner.endPosition).toBe(positions[1])
    expect(scanner.damage).toMatch(damage)
  })

  it.each([1, 60])('ends before %i bytes of a header', async (left) => {
    const { file, positions } = fileOf(10, 20)
    const { found, scanner } = await walked({ file, from: 0, to: (positions[1] as number) + left, ...mode })
    expect(found).toHaveLength(1)
    expect(scanner.damage).toBe(`${left} bytes are too few for a batch`)
  })
})

describe('a crc that is wrong', () => {
  it.each([
    ['a small batch', 20],
    ['one larger than what is read at a time', 300_000],
    ['one larger than memory is given for', 9 * MIB],
  ])('ends the walk before %s', async (_, valueBytes) => {
    const { file, positions, sizeBytes } = fileOf(10, valueBytes, 10)
    file.writeSync([Uint8Array.of(1)], (positions[2] as number) - 1)
    const { found, scanner } = await walked({ file, from: 0, to: sizeBytes, isWhole: false, crc32c })
    expect(found).toHaveLength(1)
    expect(scanner.damage).toBe('the crc of the batch at offset 1 is wrong')
    expect((await walked({ file, from: 0, to: sizeBytes, isWhole: false })).found).toHaveLength(3)
  })

  it('is found out of a length that is wrong, without memory for it', async () => {
    const { file, positions, sizeBytes } = fileOf(10, 20, 64 * MIB)
    const length = new Uint8Array(4)
    new DataView(length.buffer).setInt32(0, 40 * MIB)
    file.writeSync([length], (positions[1] as number) + 8)
    const { found, scanner } = await walked({ file, from: 0, to: sizeBytes, isWhole: false, crc32c })
    expect(found).toHaveLength(1)
    expect(scanner.damage).toBe('the crc of the batch at offset 1 is wrong')
    expect(scanner.bytes.length).toBeLessThan(MIB)
  })
})
