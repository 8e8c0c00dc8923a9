import { createMemoryDisk } from '@millrace/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FilePool } from './file-pool.ts'
import { OffsetIndex } from './offset-index.ts'
import { Segment } from './segment.ts'
import { LogTail, TailCache } from './tail-cache.ts'
import { TimeIndex } from './time-index.ts'
import { TransactionIndex } from './transaction-index.ts'

const KIB = 1024
const MIB = 1024 * KIB

function segment(baseOffset = 0): Segment {
  const pool = new FilePool(createMemoryDisk(), 10)
  return new Segment({
    baseOffset,
    log: pool.slot('/log'),
    offsetIndex: OffsetIndex.create(pool.slot('/index'), baseOffset),
    timeIndex: TimeIndex.create(pool.slot('/timeindex'), baseOffset),
    transactionIndex: TransactionIndex.create(pool.slot('/txnindex')),
    createdMs: 0,
  })
}

function filled(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value)
}

function followed(cache: TailCache): LogTail {
  const tail = new LogTail(cache)
  tail.noteReader()
  return tail
}

describe('the tail of a log', () => {
  it('is not kept while nobody reads it', () => {
    const cache = new TailCache(MIB)
    const tail = new LogTail(cache)
    const active = segment()
    tail.append(active, 0, [filled(10, 1)], 10)
    expect(tail.read(active, 0, 10)).toBeNull()
    tail.noteReader()
    tail.append(active, 10, [filled(10, 2)], 10)
    expect(tail.read(active, 0, 20)).toBeNull()
    expect(tail.read(active, 10, 10)).toEqual(filled(10, 2))
  })

  it('is let go of when it was appended to for long and nobody came', () => {
    const cache = new TailCache(64 * MIB)
    const tail = followed(cache)
    const active = segment()
    for (let position = 0; position < 2 * MIB; position += 64 * KIB) tail.append(active, position, [filled(64 * KIB, 1)], 64 * KIB)
    expect(cache.sizeBytes).toBe(0)
  })

  it.each([
    [0, 10, 'within a batch'],
    [5, 20, 'across batches'],
    [0, 30, 'all'],
    [29, 1, 'the last byte'],
  ])('gives %i + %i bytes: %s', (position, sizeBytes) => {
    const tail = followed(new TailCache(MIB))
    const active = segment()
    tail.append(active, 0, [filled(10, 1), filled(10, 2)], 20)
    tail.append(active, 20, [filled(10, 3)], 10)
    const all = Uint8Array.from([...filled(10, 1), ...filled(10, 2), ...filled(10, 3)])
    expect(tail.read(active, position, sizeBytes)).toEqual(all.subarray(position, position + sizeBytes))
  })

  it.each([
    [0, 31],
    [25, 10],
    [30, 1],
    [100, 1],
  ])('does not give %i + %i bytes, of which some are not there', (position, sizeBytes) => {
    const tail = followed(new TailCache(MIB))
    const active = segment()
    tail.append(active, 0, [filled(30, 1)], 30)
    expect(tail.read(active, position, sizeBytes)).toBeNull()
  })

  it('is not kept of appends that are as well sent from the file, and goes on after them', () => {
    const cache = new TailCache(MIB)
    const tail = followed(cache)
    const active = segment()
    tail.append(active, 0, [filled(10, 1)], 10)
    tail.append(active, 10, [filled(32 * KIB, 2), filled(33 * KIB, 3)], 65 * KIB)
    expect(cache.sizeBytes).toBe(0)
    tail.append(active, 10 + 65 * KIB, [filled(10, 4)], 10)
    expect(tail.read(active, 0, 10)).toBeNull()
    expect(tail.read(active, 10 + 65 * KIB, 10)).toEqual(filled(10, 4))
  })

  it('begins anew after a gap', () => {
    const tail = followed(new TailCache(MIB))
    const active = segment()
    tail.append(active, 0, [filled(10, 1)], 10)
    tail.append(active, 50, [filled(10, 2)], 10)
    expect(tail.read(active, 0, 10)).toBeNull()
    expect(tail.read(active, 50, 10)).toEqual(filled(10, 2))
  })

  it('does not take one segment for another', () => {
    const tail = followed(new TailCache(MIB))
    const [first, second] = [segment(0), segment(10)]
    tail.append(first, 0, [filled(10, 1)], 10)
    tail.append(second, 0, [filled(10, 2)], 10)
    expect(tail.read(second, 0, 10)).toEqual(filled(10, 2))
    const old = tail.read(first, 0, 10)
    expect(old === null || old[0] === 1).toBe(true)
    expect(tail.read(first, 0, 20)).toBeNull()
  })

  it('leaves readers what they were given, whatever happens then', () => {
    const cache = new TailCache(256 * KIB)
    const tail = followed(cache)
    const active = segment()
    tail.append(active, 0, [filled(1000, 1)], 1000)
    const view = tail.read(active, 0, 1000)
    for (let position = 1000; position < 600_000; position += 1000) tail.append(active, position, [filled(1000, 2)], 1000)
    tail.clear()
    expect(view).toEqual(filled(1000, 1))
  })
})

describe('the memory of all tails', () => {
  it('has one bound, and the oldest goes first', () => {
    const cache = new TailCache(4 * 64 * KIB)
    const [quiet, busy] = [followed(cache), followed(cache)]
    const [first, second] = [segment(), segment()]
    quiet.append(first, 0, [filled(100, 1)], 100)
    for (let index = 0; index < 5; index += 1) {
      busy.append(second, index * 60 * KIB, [filled(60 * KIB, index)], 60 * KIB)
      expect(cache.sizeBytes).toBeLessThanOrEqual(4 * 64 * KIB)
    }
    expect(quiet.read(first, 0, 100)).toBeNull()
    expect(busy.read(second, 0, 100)).toBeNull()
    expect(busy.read(second, 4 * 60 * KIB, 100)).toEqual(filled(100, 4))
  })

  it('holds nothing where the bound is below a chunk', () => {
    const cache = new TailCache(63 * KIB)
    const tail = followed(cache)
    tail.append(segment(), 0, [filled(100, 1)], 100)
    expect(cache.sizeBytes).toBe(0)
  })

  it('is given back by a log that is closed', () => {
    const cache = new TailCache(MIB)
    const [one, other] = [followed(cache), followed(cache)]
    const active = segment()
    one.append(active, 0, [filled(10, 1)], 10)
    other.append(active, 0, [filled(10, 1)], 10)
    one.clear()
    expect(cache.sizeBytes).toBe(64 * KIB)
    expect(other.read(active, 0, 10)).not.toBeNull()
  })
})

it('gives the bytes that were appended, or nothing (property)', () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ type: fc.constant('append' as const), tail: fc.nat(2), sizeBytes: fc.integer({ min: 1, max: 90_000 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant('read' as const), tail: fc.nat(2), at: fc.nat(1000), sizeBytes: fc.nat(100_000) }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('roll' as const), tail: fc.nat(2) }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const cache = new TailCache(300_000)
      const logs = [0, 1, 2].map(() => ({ tail: followed(cache), active: segment(), bytes: [] as number[] }))
      let value = 0
      for (const action of steps) {
        const log = logs[action.tail]!
        if (action.type === 'roll') Object.assign(log, { active: segment(), bytes: [] })
        else if (action.type === 'append') {
          value = (value + 1) % 256
          const batch = filled(action.sizeBytes, value)
          log.tail.append(log.active, log.bytes.length, [batch], batch.length)
          log.bytes = [...log.bytes, ...batch]
        } else {
          const position = Math.floor((log.bytes.length * action.at) / 1001)
          log.tail.noteReader()
          const found = log.tail.read(log.active, position, action.sizeBytes)
          if (found === null) continue
          expect(found.length).toBe(action.sizeBytes)
          expect(Buffer.compare(found, Uint8Array.from(log.bytes.slice(position, position + action.sizeBytes)))).toBe(0)
        }
        expect(cache.sizeBytes).toBeLessThanOrEqual(300_000)
      }
    }),
    { numRuns: 30 },
  )
})
