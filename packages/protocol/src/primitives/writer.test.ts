import { describe, expect, it } from 'vitest'
import { joinChunks, Writer } from './writer.ts'

function bytesOf(writer: Writer): number[] {
  return [...joinChunks(writer.chunks())]
}

describe('a writer', () => {
  it('shares no byte with one that writes at the same time', () => {
    const writers = Array.from({ length: 100 }, () => new Writer())
    // More than each has at first, and in turns.
    for (let round = 0; round < 100; round += 1) {
      for (const [index, writer] of writers.entries()) writer.int32(index * 1_000 + round)
    }
    for (const [index, writer] of writers.entries()) {
      const bytes = joinChunks(writer.chunks())
      const view = new DataView(bytes.buffer, bytes.byteOffset)
      expect(bytes.length).toBe(400)
      for (let round = 0; round < 100; round += 1) expect(view.getInt32(4 * round)).toBe(index * 1_000 + round)
    }
  })

  it.each([
    { name: 'nothing', write: (): void => {}, expected: [0, 0, 0, 0] },
    { name: 'a little', write: (writer: Writer): void => writer.int16(7), expected: [0, 0, 0, 2, 0, 7] },
  ])('writes the size of $name before it', ({ write, expected }) => {
    const writer = new Writer()
    writer.leaveRoomForSize()
    write(writer)
    expect([...joinChunks(writer.sizedChunks())]).toEqual(expected)
  })

  it.each([255, 256, 257, 1023, 1024, 5000])('writes the size before %i bytes and what follows them', (length) => {
    const writer = new Writer()
    writer.leaveRoomForSize()
    writer.raw(new Uint8Array(length).fill(9))
    writer.int16(1)
    const frame = joinChunks(writer.sizedChunks())
    expect(new DataView(frame.buffer).getInt32(0)).toBe(length + 2)
    expect(frame.subarray(4, 4 + length).every((byte) => byte === 9)).toBe(true)
    expect([...frame.subarray(4 + length)]).toEqual([0, 1])
  })

  it('counts what others send in the size', () => {
    const writer = new Writer()
    writer.leaveRoomForSize()
    writer.int8(1)
    writer.external({ sizeBytes: 100 })
    writer.int8(2)
    const [head, external, tail] = writer.sizedChunks()
    expect(head).toEqual(new Uint8Array([0, 0, 0, 102, 1]))
    expect(external).toEqual({ sizeBytes: 100 })
    expect(tail).toEqual(new Uint8Array([2]))
  })

  it('leaves what it has written as it is when it needs more room', () => {
    const writer = new Writer()
    writer.string('a'.repeat(300))
    writer.string('b')
    expect(bytesOf(writer)).toEqual([1, 44, ...Array<number>(300).fill(97), 0, 1, 98])
  })
})
