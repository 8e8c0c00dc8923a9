/**
 * Reads Kafka's primitive types from a range of bytes. Every stated length is checked against what is left before anything is
 * made of it; whatever does not fit is a `ProtocolError`. It never copies: `slice` gives views.
 */
import { malformed } from '../protocol-error.ts'
import { decodeUtf8 } from './utf8.ts'
import { UUID_BYTES, uuidFromBytes, ZERO_UUID } from './uuid.ts'

const TWO_TO_32 = 4_294_967_296
/** The protocol has no longer strings, in whichever encoding. */
export const STRING_BYTES_MAX = 0x7fff

export class Reader {
  readonly bytes: Uint8Array
  /** Invariant: 0 <= position <= end <= bytes.length. */
  position: number
  /** Half-open. Moves while a tagged field is read, which has bounds of its own. */
  end: number

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes
    this.position = start
    this.end = end
  }

  get remaining(): number {
    return this.end - this.position
  }

  int8(): number {
    return ((this.bytes[this.#advance(1)] as number) << 24) >> 24
  }

  /** Any byte but 0 is true. */
  bool(): boolean {
    return this.bytes[this.#advance(1)] !== 0
  }

  int16(): number {
    return (this.uint16() << 16) >> 16
  }

  uint16(): number {
    const at = this.#advance(2)
    const { bytes } = this
    return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
  }

  int32(): number {
    return int32At(this.bytes, this.#advance(4))
  }

  uint32(): number {
    return this.int32() >>> 0
  }

  /** Clamped to the safe integers: no offset, time or id of ours is out there, so comparisons come out right. */
  int64(): number {
    const at = this.#advance(8)
    const value = int32At(this.bytes, at) * TWO_TO_32 + (int32At(this.bytes, at + 4) >>> 0)
    if (value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER
    return value < Number.MIN_SAFE_INTEGER ? Number.MIN_SAFE_INTEGER : value
  }

  float64(): number {
    const { bytes } = this
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(this.#advance(8))
  }

  uuid(): string {
    const at = this.#advance(UUID_BYTES)
    const { bytes } = this
    if (bytes[at] === 0 && int32At(bytes, at) === 0 && int32At(bytes, at + 4) === 0) {
      if (int32At(bytes, at + 8) === 0 && int32At(bytes, at + 12) === 0) return ZERO_UUID
    }
    return uuidFromBytes(bytes, at)
  }

  unsignedVarint(): number {
    const first = this.bytes[this.#advance(1)] as number
    return first < 0x80 ? first : this.#longVarint(first & 0x7f)
  }

  /** The text of the next `length` bytes. */
  text(length: number): string {
    if (length > STRING_BYTES_MAX) throw malformed(`a string of ${length} bytes is too long`)
    const at = this.#advance(length)
    return decodeUtf8(this.bytes, at, at + length)
  }

  /** A view of the next `length` bytes. */
  slice(length: number): Uint8Array {
    const at = this.#advance(length)
    return this.bytes.subarray(at, at + length)
  }

  skip(length: number): void {
    this.#advance(length)
  }

  #longVarint(lowest: number): number {
    let value = lowest
    for (let shift = 7; shift < 28; shift += 7) {
      const byte = this.bytes[this.#advance(1)] as number
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    const byte = this.bytes[this.#advance(1)] as number
    if (byte > 0xf) throw malformed('an unsigned varint does not fit 32 bits')
    return (value | (byte << 28)) >>> 0
  }

  /** Takes `length` bytes, which is never negative, and says where they begin. */
  #advance(length: number): number {
    const at = this.position
    if (length > this.end - at) throw malformed(`${length} bytes expected, ${this.end - at} left`)
    this.position = at + length
    return at
  }
}

function int32At(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)
  )
}
