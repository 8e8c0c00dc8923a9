import { describe, expect, it } from 'vitest'
import { InvariantError } from '../assert.ts'
import { BufferPool } from './buffer-pool.ts'

describe('a buffer pool', () => {
  it.each([
    [0, 4096],
    [1, 4096],
    [4096, 4096],
    [4097, 8192],
    [65_536, 65_536],
    [65_537, 131_072],
    [1_000_000, 1_048_576],
  ])('gives for %i bytes a buffer of %i', (sizeBytes, expected) => {
    const buffer = new BufferPool().take(sizeBytes)
    expect(buffer.length).toBe(expected)
    expect(buffer.buffer.byteLength).toBe(expected)
  })

  it.each([100, 60_000_000])('gives buffers whose slices are copies (%i bytes)', (sizeBytes) => {
    const buffer = new BufferPool().take(sizeBytes)
    const copy = buffer.slice(0, 1)
    buffer[0] = (copy[0] ?? 0) + 1
    expect(copy[0]).not.toBe(buffer[0])
  })

  it('gives the last buffer again that it was given', () => {
    const pool = new BufferPool()
    const [first, second] = [pool.take(5000), pool.take(5000)]
    pool.give(first)
    pool.give(second)
    expect(pool.retainedBytes).toBe(16_384)
    expect(pool.take(8000)).toBe(second)
    expect(pool.take(8000)).toBe(first)
    expect(pool.retainedBytes).toBe(0)
  })

  it('never gives one buffer to two takers', () => {
    const pool = new BufferPool()
    const first = pool.take(5000)
    expect(pool.take(5000)).not.toBe(first)
    pool.give(first)
    expect(() => pool.give(first)).toThrow(InvariantError)
    expect(pool.take(5000)).toBe(first)
    pool.give(first)
  })

  it('keeps no more than its bound', () => {
    const pool = new BufferPool({ maxRetainedBytes: 20_000 })
    const buffers = Array.from({ length: 4 }, () => pool.take(8192))
    for (const buffer of buffers) pool.give(buffer)
    expect(pool.retainedBytes).toBe(16_384)
  })

  it('makes what it could not keep to measure', () => {
    const pool = new BufferPool({ maxRetainedBytes: 20_000 })
    const buffer = pool.take(10_001)
    expect(buffer.length).toBe(10_001)
    pool.give(buffer)
    expect(pool.retainedBytes).toBe(0)
  })

  it.each([
    ['a view of a buffer', () => Buffer.allocUnsafeSlow(8192).subarray(0, 4096)],
    ['a buffer of another size', () => new Uint8Array(5000)],
    ['a buffer that is too small', () => new Uint8Array(2048)],
    ['nothing', () => new Uint8Array(0)],
  ])('does not keep %s', (_, make) => {
    const pool = new BufferPool()
    pool.give(make())
    expect(pool.retainedBytes).toBe(0)
  })
})
