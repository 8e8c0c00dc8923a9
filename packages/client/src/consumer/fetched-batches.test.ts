import { buildBatch, buildMarker, setBaseOffset } from '@millrace/protocol'
import { crc32c } from '@millrace/runtime'
import { describe, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../text.ts'
import { type AbortedTransaction, BrokenBatchError, FetchedBatches, offsetAfterBatches } from './fetched-batches.ts'

function batch(baseOffset: number, values: readonly string[], producerId?: number): Uint8Array {
  const records = values.map((value) => ({ timestamp: 1, key: null, value: utf8(value) }))
  const transaction = producerId === undefined ? {} : { producerId, producerEpoch: 0, baseSequence: 0, isTransactional: true }
  return buildBatch({ records, baseOffset, crc32c, ...transaction })
}

function marker(offset: number, type: 'abort' | 'commit', producerId: number): Uint8Array {
  const bytes = buildMarker({ type, producerId, producerEpoch: 0, coordinatorEpoch: 0, timestamp: 1, crc32c })
  setBaseOffset(bytes, 0, offset)
  return bytes
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

function read(bytes: Uint8Array, from = 0, abortedTransactions: readonly AbortedTransaction[] | null = null) {
  const batches = new FetchedBatches({ bytes, abortedTransactions, decompress: (_, input) => input, crc32c })
  const values: string[] = []
  let position = from
  for (let next = batches.next(position); next !== null; next = batches.next(position)) {
    position = next.nextOffset
    for (const { value } of next.records) values.push(fromUtf8(value ?? new Uint8Array(0)))
  }
  return { values, position }
}

describe('the batches of an answer', () => {
  it('begin with the record that was asked for', () => {
    const bytes = joined(batch(10, ['a', 'b', 'c']), batch(13, ['d']))
    expect(read(bytes, 11)).toEqual({ values: ['b', 'c', 'd'], position: 14 })
  })

  it('end with the last whole one', () => {
    const bytes = joined(batch(0, ['a']), batch(1, ['b']))
    for (let cut = 1; cut < batch(1, ['b']).length; cut++) {
      const part = bytes.subarray(0, bytes.length - cut)
      expect(read(part)).toEqual({ values: ['a'], position: 1 })
      expect(offsetAfterBatches(part)).toBe(1)
    }
  })

  it('of which not even one is whole have no end', () => {
    expect(offsetAfterBatches(batch(0, ['a']).subarray(0, -1))).toBeNull()
    expect(offsetAfterBatches(new Uint8Array(0))).toBeNull()
  })

  it('do not show markers', () => {
    const bytes = joined(batch(0, ['a'], 7), marker(1, 'commit', 7), batch(2, ['b']))
    expect(read(bytes)).toEqual({ values: ['a', 'b'], position: 3 })
    expect(read(bytes, 0, [])).toEqual({ values: ['a', 'b'], position: 3 })
  })

  it('do not show aborted transactions to whoever reads what is committed', () => {
    const bytes = joined(
      batch(0, ['aborted'], 7),
      batch(1, ['other'], 8),
      batch(2, ['plain']),
      marker(3, 'abort', 7),
      batch(4, ['kept'], 7),
      marker(5, 'commit', 8),
      marker(6, 'commit', 7),
    )
    expect(read(bytes, 0, [{ producerId: 7, firstOffset: 0 }])).toEqual({ values: ['other', 'plain', 'kept'], position: 7 })
    expect(read(bytes)).toEqual({ values: ['aborted', 'other', 'plain', 'kept'], position: 7 })
  })

  it('hide two aborted transactions of one producer and show the one between', () => {
    const bytes = joined(
      batch(0, ['x'], 7),
      marker(1, 'abort', 7),
      batch(2, ['kept'], 7),
      marker(3, 'commit', 7),
      batch(4, ['y'], 7),
      marker(5, 'abort', 7),
    )
    const aborted = [
      { producerId: 7, firstOffset: 4 },
      { producerId: 7, firstOffset: 0 },
    ]
    expect(read(bytes, 0, aborted)).toEqual({ values: ['kept'], position: 6 })
  })

  it('do not lose track of a transaction whose marker comes before the position', () => {
    const bytes = joined(batch(0, ['x'], 7), marker(1, 'abort', 7), batch(2, ['kept'], 7))
    expect(read(bytes, 2, [{ producerId: 7, firstOffset: 0 }])).toEqual({ values: ['kept'], position: 3 })
  })
})

describe('damaged bytes', () => {
  it('are told by the checksum, with their offset', () => {
    const bytes = batch(40, ['a', 'b'])
    bytes.set([0xff], bytes.length - 2)
    expect(() => read(bytes)).toThrow(expect.objectContaining({ offset: 40, message: expect.stringContaining('checksum') }))
  })

  it.each([
    ['a size that no batch has', (bytes: Uint8Array) => bytes.set([0, 0, 0, 1], 8), '13 bytes'],
    ['a negative size', (bytes: Uint8Array) => bytes.set([0xff, 0xff, 0xff, 0], 8), 'bytes'],
    ['another format', (bytes: Uint8Array) => bytes.set([1], 16), 'format 1'],
  ])('with %s are no batch', (_, damage, part) => {
    const bytes = batch(3, ['a'])
    damage(bytes)
    expect(() => offsetAfterBatches(bytes)).toThrow(BrokenBatchError)
    expect(() => offsetAfterBatches(bytes)).toThrow(part)
  })

  it('with batches in the wrong order are refused', () => {
    expect(() => offsetAfterBatches(joined(batch(5, ['a']), batch(3, ['b'])))).toThrow('comes after')
  })
})
