/**
 * Reads Kafka's primitive types from a range of bytes. Every stated length is checked against what is left before anything is
 * made of it; whatever does not fit is a `ProtocolError`.
 */
import { ProtocolError } from '../protocol-error.ts'
import { decodeUtf8 } from './utf8.ts'
import { uuidFromBytes } from './uuid.ts'

const TWO_TO_32 = 4_294_967_296

export class Reader {
  readonly bytes: Uint8Array
  readonly end: number
  position: number
  readonly #view: DataView

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.position = 0
    this.end = bytes.length
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get remaining(): number {
    return this.end - this.position
  }

  int8(): number {
    return this.#view.getInt8(this.#advance(1))
  }

  bool(): boolean {
    return this.#view.getInt8(this.#advance(1)) !== 0
  }

  int16(): number {
    return this.#view.getInt16(this.#advance(2))
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2))
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4))
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4))
  }

  /** Clamped to the safe integers: no offset, time or id of ours is out there, so comparisons come out right. */
  int64(): number {
    const at = this.#advance(8)
    const value = this.#view.getInt32(at) * TWO_TO_32 + this.#view.getUint32(at + 4)
    return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value))
  }

  bigint64(): bigint {
    return this.#view.getBigInt64(this.#advance(8))
  }

  float64(): number {
    return this.#view.getFloat64(this.#advance(8))
  }

  uuid(): string {
    const at = this.#advance(16)
    return uuidFromBytes(this.bytes, at)
  }

  unsignedVarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes[this.#advance(1)] as number
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) {
        if (value >= TWO_TO_32) break
        return value
      }
    }
    throw malformed('unsigned varint does not fit 32 bits')
  }

  string(): string {
    return this.#text(this.int16())
  }

  nullableString(): string | null {
    const length = this.int16()
    return length === -1 ? null : this.#text(length)
  }

  compactString(): string {
    return this.#text(this.unsignedVarint() - 1)
  }

  compactNullableString(): string | null {
    const length = this.unsignedVarint() - 1
    return length === -1 ? null : this.#text(length)
  }

  /** A view of the next `length` bytes. */
  slice(length: number): Uint8Array {
    if (length < 0) throw malformed(`negative length ${length}`)
    const at = this.#advance(length)
    return this.bytes.subarray(at, at + length)
  }

  skip(length: number): void {
    this.#advance(length)
  }

  #text(length: number): string {
    if (length < 0) throw malformed('null where a string is required')
    const at = this.#advance(length)
    return decodeUtf8(this.bytes, at, at + length)
  }

  #advance(length: number): number {
    const at = this.position
    if (length > this.end - at) throw malformed(`${length} bytes expected, ${this.end - at} left`)
    this.position = at + length
    return at
  }
}

export function malformed(message: string): ProtocolError {
  return new ProtocolError('ERR_PROTOCOL_MALFORMED', message)
}
