import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { BufferPool } from '@millrace/runtime'
import { FrameAssembler, FrameSizeError } from './frame-assembler.ts'
import type { FrameSink } from './frame-assembler.ts'
import { RequestMemory } from './request-memory.ts'

const MAX_FRAME_BYTES = 100_000

function memory(maxBytes = 1_000_000): RequestMemory {
  return new RequestMemory({ pool: new BufferPool({ maxRetainedBytes: 1_000_000 }), maxBytes })
}

function framed(bodies: readonly Uint8Array[]): Uint8Array {
  const stream = new Uint8Array(bodies.reduce((sum, body) => sum + 4 + body.length, 0))
  const view = new DataView(stream.buffer)
  let position = 0
  for (const body of bodies) {
    view.setInt32(position, body.length)
    stream.set(body, position + 4)
    position += 4 + body.length
  }
  return stream
}

/** Copies frames, as they are views. */
class Collector implements FrameSink {
  readonly frames: Uint8Array[] = []
  blockAfter = Number.POSITIVE_INFINITY
  onFrame(frame: Uint8Array): void {
    this.frames.push(frame.slice())
  }
  isBlocked(): boolean {
    return this.frames.length >= this.blockAfter
  }
}

describe('the frame assembler', () => {
  it('cuts the same frames however the stream is chopped', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 20 }),
        (bodies, steps) => {
          const stream = framed(bodies)
          const requestMemory = memory()
          const assembler = new FrameAssembler(requestMemory, MAX_FRAME_BYTES)
          const collector = new Collector()
          for (let position = 0, step = 0; position < stream.length; step += 1) {
            const end = Math.min(stream.length, position + (steps[step % steps.length] as number))
            // A chunk of its own, overwritten afterwards, as the socket's read buffer is.
            const chunk = stream.slice(position, end)
            expect(assembler.push(chunk, collector)).toBe('consumed')
            assembler.releaseFrames()
            chunk.fill(0xee)
            position = end
          }
          expect(collector.frames).toEqual(bodies)
          expect(assembler.isMidFrame).toBe(false)
          expect(requestMemory.takenBytes).toBe(0)
        },
      ),
    )
  })

  it('cuts the same frames where the socket reads into them', () => {
    const bodySize = fc.oneof(fc.nat(1_000), fc.nat(400_000))
    fc.assert(
      fc.property(
        fc.array(bodySize, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 20 }),
        fc.boolean(),
        (sizes, steps, isEager) => {
          const bodies = sizes.map((size, index) => new Uint8Array(size).map((_, at) => at * 31 + index))
          const stream = framed(bodies)
          const pool = new BufferPool({ maxRetainedBytes: 1_000_000 })
          const requestMemory = new RequestMemory({ pool, maxBytes: 4_000_000, eagerBytes: isEager ? 1_000_000 : 0 })
          const assembler = new FrameAssembler(requestMemory, 500_000)
          const collector = new Collector()
          const shared = new Uint8Array(300_000)
          for (let position = 0, step = 0; position < stream.length; step += 1) {
            const place = assembler.readInto() ?? shared
            const length = Math.min(place.length, steps[step % steps.length] as number, stream.length - position)
            place.set(stream.subarray(position, position + length))
            expect(assembler.push(place.subarray(0, length), collector)).toBe('consumed')
            assembler.releaseFrames()
            position += length
          }
          expect(collector.frames.map((frame, index) => Buffer.compare(frame, bodies[index] as Uint8Array))).toEqual(bodies.map(() => 0))
          expect(requestMemory.takenBytes).toBe(0)
        },
      ),
      { numRuns: 50 },
    )
  })

  it('has the rest of a large frame read to where it belongs, and nothing else', () => {
    const assembler = new FrameAssembler(memory(), MAX_FRAME_BYTES)
    const collector = new Collector()
    const body = new Uint8Array(90_000).fill(7)
    const stream = framed([body])
    expect(assembler.readInto()).toBeNull()
    assembler.push(stream.subarray(0, 5_000), collector)
    const place = assembler.readInto()
    expect(place?.length).toBe(stream.length - 5_000)
    place?.set(stream.subarray(5_000, 70_000))
    assembler.push(place?.subarray(0, 65_000) as Uint8Array, collector)
    // What is still missing is copied as fast as it is read by itself.
    expect(assembler.readInto()).toBeNull()
    assembler.push(stream.subarray(70_000), collector)
    expect(collector.frames).toEqual([body])
    assembler.releaseFrames()
    expect(assembler.readInto()).toBeNull()
  })

  it('stops where the sink is blocked and goes on from there', () => {
    const bodies = [new Uint8Array([1]), new Uint8Array([2, 2]), new Uint8Array([3])]
    const stream = framed(bodies)
    const assembler = new FrameAssembler(memory(), MAX_FRAME_BYTES)
    const collector = new Collector()
    collector.blockAfter = 1
    expect(assembler.push(stream, collector)).toBe('blocked')
    expect(assembler.consumedBytes).toBe(5)
    collector.blockAfter = 9
    expect(assembler.push(stream.subarray(assembler.consumedBytes), collector)).toBe('consumed')
    expect(collector.frames).toEqual(bodies)
  })

  it.each([
    ['negative', [0xff, 0xff, 0xff, 0xff]],
    ['larger than the limit', [0x7f, 0xff, 0xff, 0xff]],
    ['one byte larger than the limit', [0, 1, 0x86, 0xa1]],
  ])('refuses a frame whose length is %s before reserving anything for it', (_, prefix) => {
    const requestMemory = memory()
    const assembler = new FrameAssembler(requestMemory, MAX_FRAME_BYTES)
    expect(() => assembler.push(new Uint8Array(prefix), new Collector())).toThrow(FrameSizeError)
    expect(requestMemory.takenBytes).toBe(0)
  })

  it('reserves for a large frame only in proportion to what arrived', () => {
    const requestMemory = memory(10_000_000)
    const assembler = new FrameAssembler(requestMemory, 50_000_000)
    const start = framed([new Uint8Array(0)])
    new DataView(start.buffer).setInt32(0, 40_000_000)
    assembler.push(start, new Collector())
    assembler.push(new Uint8Array(100), new Collector())
    expect(requestMemory.takenBytes).toBeLessThan(100_000)
    assembler.close()
    expect(requestMemory.takenBytes).toBe(0)
  })

  it('waits for memory that others hold, and says so', () => {
    const requestMemory = memory(64 * 1024)
    const [hog, beyond, third] = [1, 2, 3].map(() => new FrameAssembler(requestMemory, MAX_FRAME_BYTES))
    if (hog === undefined || beyond === undefined || third === undefined) throw new Error('there are three')
    const body = new Uint8Array(60_000).fill(7)
    const stream = framed([body])
    for (const assembler of [hog, beyond]) expect(assembler.push(stream.subarray(0, 50_000), new Collector())).toBe('consumed')
    const collector = new Collector()
    expect(third.push(stream.subarray(0, 50_000), collector)).toBe('no-memory')
    let called = 0
    requestMemory.whenAvailable(() => (called += 1))
    hog.close()
    expect(called).toBe(1)
    beyond.close()
    expect(third.push(stream.subarray(third.consumedBytes), collector)).toBe('consumed')
    expect(collector.frames).toEqual([body])
  })
})
