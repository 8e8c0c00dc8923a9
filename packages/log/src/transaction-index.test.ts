import { createMemoryDisk } from '@millrace/runtime'
import { describe, expect, it } from 'vitest'
import { FilePool } from './file-pool.ts'
import { type AbortedTransaction, TransactionIndex } from './transaction-index.ts'

const FIRST: AbortedTransaction = { producerId: 2 ** 40, firstOffset: 105, lastOffset: 120, lastStableOffset: 108 }
const SECOND: AbortedTransaction = { producerId: 8, firstOffset: 108, lastOffset: 130, lastStableOffset: 131 }

function written(...transactions: readonly AbortedTransaction[]): { index: TransactionIndex; bytes: Uint8Array; onDisk: TransactionIndex } {
  const disk = createMemoryDisk()
  const slot = new FilePool(disk, 10).slot('/txnindex')
  const index = TransactionIndex.create(slot)
  for (const transaction of transactions) index.append(transaction)
  index.entries.write()
  const bytes = disk.readFile('/txnindex')
  return { index, bytes, onDisk: TransactionIndex.onDisk(slot, bytes.length) }
}

it('is on disk what Kafka has there', () => {
  expect(Buffer.from(written(FIRST).bytes).toString('hex')).toBe(
    '0000' + '0000010000000000' + '0000000000000069' + '0000000000000078' + '000000000000006c',
  )
})

it('reads what was written', () => {
  const { index, onDisk } = written(FIRST, SECOND)
  expect(onDisk.all()).toEqual([FIRST, SECOND])
  expect(index.all()).toEqual([FIRST, SECOND])
})

it.each([
  [131, 2],
  [130, 1],
  [120, 0],
  [0, 0],
])('forgets transactions that end at %i or later', (offset, count) => {
  const { onDisk } = written(FIRST, SECOND)
  onDisk.truncate(offset)
  expect(onDisk.all()).toEqual([FIRST, SECOND].slice(0, count))
})

describe('is sound', () => {
  it('as it was written, and without entries', () => {
    expect(written(FIRST, SECOND).onDisk.isSound(100, 131)).toBe(true)
    expect(written().index.isSound(0, 0)).toBe(true)
  })

  it.each<[string, readonly AbortedTransaction[]]>([
    ['a marker at the end of the segment', [FIRST, { ...SECOND, lastOffset: 131 }]],
    ['a marker before the segment', [{ ...FIRST, firstOffset: 5, lastOffset: 99 }]],
    ['markers in the wrong order', [SECOND, FIRST]],
    ['the same marker twice', [FIRST, FIRST]],
    ['a transaction that begins after its marker', [{ ...FIRST, firstOffset: 121 }]],
    ['a transaction that begins with its marker', [{ ...FIRST, firstOffset: 120 }]],
    ['a negative first offset', [{ ...FIRST, firstOffset: -1 }]],
    ['a negative producer', [{ ...FIRST, producerId: -2 }]],
    ['a stable part that ends after the marker', [{ ...FIRST, lastStableOffset: 122 }]],
  ])('not with %s', (_, transactions) => {
    expect(written(...transactions).onDisk.isSound(100, 131)).toBe(false)
  })

  it('not with another version', () => {
    const { bytes } = written(FIRST)
    bytes[1] = 1
    const disk = createMemoryDisk()
    disk.open('/txnindex', { create: true }).writeSync([bytes], 0)
    expect(TransactionIndex.onDisk(new FilePool(disk, 10).slot('/txnindex'), bytes.length).isSound(100, 131)).toBe(false)
  })

  it('not when it is all zeros', () => {
    const disk = createMemoryDisk()
    disk.open('/txnindex', { create: true }).writeSync([new Uint8Array(34)], 0)
    expect(TransactionIndex.onDisk(new FilePool(disk, 10).slot('/txnindex'), 34).isSound(0, 10)).toBe(false)
  })
})
