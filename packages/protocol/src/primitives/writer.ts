/**
 * Writes Kafka's primitive types. What is written comes out as a list of chunks: the small things in buffers of the
 * writer's own, large byte ranges as they were handed in, and things that are only counted here and sent by someone else
 * (`ExternalRecords`, a range of a file) in their place.
 */
import { ProtocolError } from '../protocol-error.ts'
import { encodeUtf8 } from './utf8.ts'
import { uuidToBytes } from './uuid.ts'

/** Record bytes that the transport sends by itself. */
export interface ExternalRecords {
  readonly sizeBytes: number
}

export type Chunk = Uint8Array | ExternalRecords

/** From this size on bytes are passed on instead of copied. */
const BY_REFERENCE_BYTES = 1024
const FIRST_BUFFER_BYTES = 256
/** Writers take their first buffers from one that is larger: to make one for each costs more than to write a small message. */
const SLAB_BYTES = 8 * 1024
const SIZE_BYTES = 4
const TWO_TO_32 = 4_294_967_296

let slab = new Uint8Array(0)
let slabView = new DataView(slab.buffer)
let slabUsed = 0

export class Writer {
  readonly #chunks: Chunk[] = []
  #chunkBytes = 0
  #buffer: Uint8Array
  #view: DataView
  /** Start of what is in the buffer and not yet in a chunk. */
  #start: number
  #position: number
  /** Where the buffer ends as far as it is this writer's. */
  #end: number
  #nextBufferBytes = 2 * FIRST_BUFFER_BYTES

  constructor() {
    if (slabUsed + FIRST_BUFFER_BYTES > slab.length) {
      slab = new Uint8Array(SLAB_BYTES)
      slabView = new DataView(slab.buffer)
      slabUsed = 0
    }
    this.#buffer = slab
    this.#view = slabView
    this.#start = slabUsed
    this.#position = slabUsed
    slabUsed += FIRST_BUFFER_BYTES
    this.#end = slabUsed
  }

  /** Bytes written so far, those of external records included. */
  get sizeBytes(): number {
    return this.#chunkBytes + this.#position - this.#start
  }

  int8(value: number): void {
    const at = this.#reserve(1)
    this.#view.setInt8(at, value)
  }

  bool(value: boolean): void {
    const at = this.#reserve(1)
    this.#view.setInt8(at, value ? 1 : 0)
  }

  int16(value: number): void {
    const at = this.#reserve(2)
    this.#view.setInt16(at, value)
  }

  uint16(value: number): void {
    const at = this.#reserve(2)
    this.#view.setUint16(at, value)
  }

  int32(value: number): void {
    const at = this.#reserve(4)
    this.#view.setInt32(at, value)
  }

  uint32(value: number): void {
    const at = this.#reserve(4)
    this.#view.setUint32(at, value)
  }

  int64(value: number): void {
    const at = this.#reserve(8)
    const high = Math.floor(value / TWO_TO_32)
    this.#view.setInt32(at, high)
    this.#view.setUint32(at + 4, value - high * TWO_TO_32)
  }

  bigint64(value: bigint): void {
    const at = this.#reserve(8)
    this.#view.setBigInt64(at, value)
  }

  float64(value: number): void {
    const at = this.#reserve(8)
    this.#view.setFloat64(at, value)
  }

  uuid(value: string): void {
    const at = this.#reserve(16)
    this.#buffer.set(uuidToBytes(value), at)
  }

  unsignedVarint(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.#byte((rest % 128) | 0x80)
      rest = Math.floor(rest / 128)
    }
    this.#byte(rest)
  }

  string(value: string): void {
    const bytes = encodeUtf8(value)
    if (bytes.length > 0x7fff) throw new ProtocolError('ERR_PROTOCOL_UNENCODABLE', `string of ${bytes.length} bytes is too long`)
    this.int16(bytes.length)
    this.raw(bytes)
  }

  compactString(value: string): void {
    const bytes = encodeUtf8(value)
    this.unsignedVarint(bytes.length + 1)
    this.raw(bytes)
  }

  /** Bytes without a length; large ones are passed on, so they must not change before they are sent. */
  raw(bytes: Uint8Array): void {
    if (bytes.length >= BY_REFERENCE_BYTES) {
      this.#endChunk()
      this.#chunks.push(bytes)
      this.#chunkBytes += bytes.length
    } else {
      const at = this.#reserve(bytes.length)
      this.#buffer.set(bytes, at)
    }
  }

  external(records: ExternalRecords): void {
    this.#endChunk()
    this.#chunks.push(records)
    this.#chunkBytes += records.sizeBytes
  }

  /** Leaves room at the beginning for the size of what follows, which `sizedChunks` fills in. */
  leaveRoomForSize(): void {
    this.#reserve(SIZE_BYTES)
  }

  chunks(): Chunk[] {
    this.#endChunk()
    return this.#chunks
  }

  sizedChunks(): Chunk[] {
    const chunks = this.chunks()
    const first = chunks[0] as Uint8Array
    new DataView(first.buffer, first.byteOffset, SIZE_BYTES).setInt32(0, this.sizeBytes - SIZE_BYTES)
    return chunks
  }

  #byte(value: number): void {
    const at = this.#reserve(1)
    this.#buffer[at] = value
  }

  #endChunk(): void {
    if (this.#position === this.#start) return
    this.#chunks.push(this.#buffer.subarray(this.#start, this.#position))
    this.#chunkBytes += this.#position - this.#start
    this.#start = this.#position
  }

  /** May replace buffer and view: call it before either is read. */
  #reserve(length: number): number {
    if (this.#position + length > this.#end) this.#grow(length)
    const at = this.#position
    this.#position = at + length
    return at
  }

  /** What is unfinished moves to a larger buffer; finished chunks keep the old one. */
  #grow(length: number): void {
    const unfinished = this.#buffer.subarray(this.#start, this.#position)
    const larger = new Uint8Array(Math.max(this.#nextBufferBytes, unfinished.length + length))
    this.#nextBufferBytes = larger.length * 2
    larger.set(unfinished)
    this.#buffer = larger
    this.#view = new DataView(larger.buffer)
    this.#position = unfinished.length
    this.#start = 0
    this.#end = larger.length
  }
}

/** All chunks in one array. External records cannot be in it. */
export function joinChunks(chunks: readonly Chunk[]): Uint8Array {
  let size = 0
  for (const chunk of chunks) {
    if (!(chunk instanceof Uint8Array)) throw new ProtocolError('ERR_PROTOCOL_UNENCODABLE', 'external records have no bytes here')
    size += chunk.length
  }
  const joined = new Uint8Array(size)
  let position = 0
  for (const chunk of chunks as readonly Uint8Array[]) {
    joined.set(chunk, position)
    position += chunk.length
  }
  return joined
}
