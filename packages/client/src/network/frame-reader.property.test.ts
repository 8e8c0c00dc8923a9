import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameReader } from './frame-reader.ts'

const MAX_BYTES = 3_000_000

function read(stream: Uint8Array, cuts: readonly number[]): { frames: Uint8Array[]; isPossible: boolean } {
  const frames: Uint8Array[] = []
  const reader = new FrameReader(MAX_BYTES, (frame) => frames.push(frame))
  const scratch = new Uint8Array(stream.length)
  let isPossible = true
  let position = 0
  for (const cut of [...cuts, stream.length]) {
    const end = Math.min(stream.length, position + cut)
    // The buffer of a chunk is used again as soon as the handler has returned.
    const chunk = scratch.subarray(0, end - position)
    chunk.set(stream.subarray(position, end))
    isPossible &&= reader.push(chunk)
    chunk.fill(0xee)
    position = end
  }
  return { frames, isPossible }
}

function streamOf(bodies: readonly Uint8Array[]): Uint8Array {
  const parts = bodies.flatMap((body) => {
    const size = new Uint8Array(4)
    new DataView(size.buffer).setInt32(0, body.length)
    return [...size, ...body]
  })
  return Uint8Array.from(parts)
}

describe('a frame reader', () => {
  it('gives the frames back, however the stream is cut', () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 })
    const cuts = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 40 })
    fc.assert(
      fc.property(bodies, cuts, (sent, where) => {
        expect(read(streamOf(sent), where)).toEqual({ frames: sent, isPossible: true })
      }),
    )
  })

  it('gives back a frame larger than its first allocation', () => {
    const body = Uint8Array.from({ length: 2_500_000 }, (_, index) => index & 0xff)
    const frames: Uint8Array[] = []
    const reader = new FrameReader(MAX_BYTES, (frame) => frames.push(frame))
    const size = new Uint8Array(4)
    new DataView(size.buffer).setInt32(0, body.length)
    reader.push(size)
    for (let position = 0; position < body.length; position += 65_536) reader.push(body.subarray(position, position + 65_536))
    expect(frames).toHaveLength(1)
    expect(Buffer.compare(frames[0] ?? new Uint8Array(0), body)).toBe(0)
  })

  it.each([
    ['negative', [0xff, 0xff, 0xff, 0xff]],
    ['larger than allowed', [0x7f, 0xff, 0xff, 0xff]],
  ])('refuses a size that is %s, before anything is allocated for it', (_, size) => {
    expect(read(Uint8Array.from([...size, 1, 2, 3]), [])).toEqual({ frames: [], isPossible: false })
  })
})
