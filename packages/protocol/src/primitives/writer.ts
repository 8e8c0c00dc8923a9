/**
 * Writes Kafka's primitive types. What is written comes out as a list of chunks: the small things in one buffer, large byte
 * ranges as they were handed in, and things that are only counted here and sent by someone else (`ExternalRecords`, a range of
 * a file) in their place. A value that its type cannot hold is a `ProtocolError`, never a wrapped number.
 */
import { unencodable } from '../protocol-error.ts'
import { encodeUtf8, utf8Size } from './utf8.ts'
import { UUID_BYTES, writeUuid } from './uuid.ts'
import { MAX_VARINT_BYTES, unsignedVarintSize } from './varint.ts'

/** Record bytes that the transport sends by itself. */
export interface ExternalRecords {
  readonly sizeBytes: number
}

export type Chunk = Uint8Array | ExternalRecords

/** Larger byte ranges are passed on instead of copied. */
const COPIED_BYTES_MAX = 1024
const SPARE_BYTES = 16 * 1024
const TWO_TO_32 = 4_294_967_296
const STRING_BYTES_MAX = 0x7fff

/** A buffer to write into, kept between messages. Null while a writer has it. */
let spare: Uint8Array | null = new Uint8Array(SPARE_BYTES)

/** Something that lies between the bytes of the buffer, before its byte `position`. */
interface Inset {
  readonly position: number
  readonly chunk: Chunk
  readonly sizeBytes: number
}

/** Used once: after `finish` it has nothing left. */
export class Writer {
  #bytes: Uint8Array
  #position = 0
  #insets: Inset[] | null = null
  #insetBytes = 0

  constructor() {
    this.#bytes = spare ?? new Uint8Array(SPARE_BYTES)
    spare = null
  }

  /** Bytes written so far, those of external records included. */
  get sizeBytes(): number {
    return this.#position + this.#insetBytes
  }

  int8(value: number): void {
    if ((value << 24) >> 24 !== value) throw outOfRange(value)
    const at = this.#reserve(1)
    this.#bytes[at] = value
  }

  bool(value: boolean): void {
    if (typeof value !== 'boolean') throw outOfRange(value)
    const at = this.#reserve(1)
    this.#bytes[at] = value ? 1 : 0
  }

  int16(value: number): void {
    if ((value << 16) >> 16 !== value) throw outOfRange(value)
    this.#put16(value)
  }

  uint16(value: number): void {
    if ((value & 0xffff) !== value) throw outOfRange(value)
    this.#put16(value)
  }

  int32(value: number): void {
    if ((value | 0) !== value) throw outOfRange(value)
    this.#put32(this.#reserve(4), value)
  }

  uint32(value: number): void {
    if (value >>> 0 !== value) throw outOfRange(value)
    this.#put32(this.#reserve(4), value)
  }

  int64(value: number): void {
    if (!Number.isSafeInteger(value)) throw outOfRange(value)
    const at = this.#reserve(8)
    this.#put32(at, Math.floor(value / TWO_TO_32))
    this.#put32(at + 4, value)
  }

  float64(value: number): void {
    if (typeof value !== 'number') throw outOfRange(value)
    const at = this.#reserve(8)
    new DataView(this.#bytes.buffer, this.#bytes.byteOffset).setFloat64(at, value)
  }

  uuid(value: string): void {
    const at = this.#reserve(UUID_BYTES)
    writeUuid(value, this.#bytes, at)
  }

  unsignedVarint(value: number): void {
    const at = this.#reserve(MAX_VARINT_BYTES)
    this.#position = at + this.#putVarint(at, value)
  }

  string(value: string): void {
    const size = sizeOf(value)
    this.#put16(size)
    this.#text(value, size)
  }

  compactString(value: string): void {
    const size = sizeOf(value)
    this.unsignedVarint(size + 1)
    this.#text(value, size)
  }

  /** Bytes without a length. Large ones are passed on, so they must not change before they are sent. */
  raw(bytes: Uint8Array): void {
    if (bytes.length > COPIED_BYTES_MAX) return this.#inset(bytes, bytes.length)
    const at = this.#reserve(bytes.length)
    this.#bytes.set(bytes, at)
  }

  external(records: ExternalRecords): void {
    if (!Number.isSafeInteger(records.sizeBytes) || records.sizeBytes < 0) throw outOfRange(records.sizeBytes)
    this.#inset(records, records.sizeBytes)
  }

  /** Begins a part whose size goes before it, as a varint. Returns what `endSized` wants. */
  beginSized(): number {
    return this.#reserve(1)
  }

  /** One byte was set aside for the size, which does for nearly all; for a larger one, the part moves up. */
  endSized(begin: number): void {
    const start = begin + 1
    const size = this.#position - start
    const more = unsignedVarintSize(size) - 1
    if (more > 0) {
      this.#reserve(more)
      this.#bytes.copyWithin(start + more, start, start + size)
    }
    this.#putVarint(begin, size)
  }

  /** Leaves room for an int32 that is known only at the end. */
  beginFrame(): void {
    this.#reserve(4)
  }

  /** Fills in the size of all that came after `beginFrame`, and finishes. */
  finishFrame(): Chunk[] {
    const sizeBytes = this.sizeBytes - 4
    if ((sizeBytes | 0) !== sizeBytes) throw unencodable(`a frame of ${sizeBytes} bytes is too large`)
    this.#put32(0, sizeBytes)
    return this.finish()
  }

  finish(): Chunk[] {
    const bytes = this.#bytes.slice(0, this.#position)
    const insets = this.#insets
    this.discard()
    if (insets === null) return [bytes]
    const chunks: Chunk[] = []
    let start = 0
    for (const { position, chunk } of insets) {
      if (position > start) chunks.push(bytes.subarray(start, position))
      chunks.push(chunk)
      start = position
    }
    if (start < bytes.length) chunks.push(bytes.subarray(start))
    return chunks
  }

  /** Ends the writer without a result, after a failure. */
  discard(): void {
    if (this.#bytes.length === SPARE_BYTES) spare = this.#bytes
    this.#bytes = NOTHING
    this.#position = 0
    this.#insets = null
    this.#insetBytes = 0
  }

  #inset(chunk: Chunk, sizeBytes: number): void {
    this.#insets ??= []
    this.#insets.push({ position: this.#position, chunk, sizeBytes })
    this.#insetBytes += sizeBytes
  }

  #text(value: string, size: number): void {
    const at = this.#reserve(size)
    encodeUtf8(value, this.#bytes, at)
  }

  #put16(value: number): void {
    const at = this.#reserve(2)
    this.#bytes[at] = value >> 8
    this.#bytes[at + 1] = value
  }

  #put32(at: number, value: number): void {
    const bytes = this.#bytes
    bytes[at] = value >> 24
    bytes[at + 1] = value >> 16
    bytes[at + 2] = value >> 8
    bytes[at + 3] = value
  }

  #putVarint(start: number, value: number): number {
    const bytes = this.#bytes
    let at = start
    let rest = value
    while (rest >= 0x80) {
      bytes[at++] = (rest & 0x7f) | 0x80
      rest = Math.floor(rest / 128)
    }
    bytes[at++] = rest
    return at - start
  }

  /** Takes `length` bytes and says where they begin. May replace the buffer: take `this.#bytes` only afterwards. */
  #reserve(length: number): number {
    const at = this.#position
    const end = at + length
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#bytes.length * 2, end))
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    this.#position = end
    return at
  }
}

const NOTHING = new Uint8Array(0)

function sizeOf(text: string): number {
  if (typeof text !== 'string') throw outOfRange(text)
  const size = utf8Size(text)
  if (size > STRING_BYTES_MAX) throw unencodable(`a string of ${size} bytes is too long`)
  return size
}

function outOfRange(value: unknown): Error {
  return unencodable(`${typeof value} ${String(value)} does not fit`)
}

/** All chunks in one array. External records cannot be in it. */
export function joinChunks(chunks: readonly Chunk[]): Uint8Array {
  let size = 0
  for (const chunk of chunks) {
    if (!(chunk instanceof Uint8Array)) throw unencodable('external records have no bytes here')
    size += chunk.length
  }
  const [first] = chunks
  if (chunks.length === 1 && first instanceof Uint8Array) return first
  const joined = new Uint8Array(size)
  let position = 0
  for (const chunk of chunks as readonly Uint8Array[]) {
    joined.set(chunk, position)
    position += chunk.length
  }
  return joined
}
