/**
 * Walks the records of a batch (uncompressed) without making an object of each: after `next`, the fields say where key and
 * value of the current record lie. For checking, compacting and searching, where most of a record is not looked at.
 *
 * Every length is checked against what is there; a record that does not add up is a `RecordError`.
 */

/** Records that are not what the format says. */
export class RecordError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'RecordError'
  }
}

export class RecordCursor {
  readonly bytes: Uint8Array
  readonly #end: number
  #next: number

  /** Where the current record begins (its length field) and ends. */
  start = 0
  end = 0
  timestampDelta = 0
  offsetDelta = 0
  /** Where key, value and headers begin, the key's length first. */
  contentStart = 0
  keyStart = 0
  /** -1: null. */
  keyLength = -1
  valueStart = 0
  /** -1: null. */
  valueLength = -1
  headerCount = 0
  headersStart = 0

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes
    this.#next = start
    this.#end = end
  }

  /** Nothing is left. */
  get isAtEnd(): boolean {
    return this.#next === this.#end
  }

  /** Moves to the next record; false at the end. */
  next(): boolean {
    if (this.#next === this.#end) return false
    this.start = this.#next
    const length = this.#varint()
    if (length < 0 || length > this.#end - this.#next) throw new RecordError(`record of ${length} bytes, ${this.#end - this.#next} left`)
    const end = this.#next + length
    if (this.#byte() !== 0) throw new RecordError('record with unknown attributes')
    this.timestampDelta = this.#varlong()
    this.offsetDelta = this.#varint()
    this.contentStart = this.#next
    this.keyLength = this.#varint()
    this.keyStart = this.#skip(this.keyLength, true)
    this.valueLength = this.#varint()
    this.valueStart = this.#skip(this.valueLength, true)
    this.headerCount = this.#varint()
    if (this.headerCount < 0) throw new RecordError(`record with ${this.headerCount} headers`)
    this.headersStart = this.#next
    for (let index = 0; index < this.headerCount; index += 1) {
      this.#skip(this.#varint(), false)
      this.#skip(this.#varint(), true)
    }
    if (this.#next !== end) throw new RecordError(`record says it has ${length} bytes and has ${this.#next - end + length}`)
    this.end = end
    return true
  }

  key(): Uint8Array | null {
    return this.keyLength < 0 ? null : this.bytes.subarray(this.keyStart, this.keyStart + this.keyLength)
  }

  value(): Uint8Array | null {
    return this.valueLength < 0 ? null : this.bytes.subarray(this.valueStart, this.valueStart + this.valueLength)
  }

  /** Headers of the current record as views. The cursor stays where it is. */
  headers(): { readonly key: Uint8Array; readonly value: Uint8Array | null }[] {
    const headers: { key: Uint8Array; value: Uint8Array | null }[] = []
    const after = this.#next
    this.#next = this.headersStart
    for (let index = 0; index < this.headerCount; index += 1) {
      const keyLength = this.#varint()
      const keyStart = this.#skip(keyLength, false)
      const valueLength = this.#varint()
      const valueStart = this.#skip(valueLength, true)
      headers.push({
        key: this.bytes.subarray(keyStart, keyStart + keyLength),
        value: valueLength < 0 ? null : this.bytes.subarray(valueStart, valueStart + valueLength),
      })
    }
    this.#next = after
    return headers
  }

  /** Passes `length` bytes and returns where they began. */
  #skip(length: number, mayBeNull: boolean): number {
    const start = this.#next
    if (length < 0) {
      if (length === -1 && mayBeNull) return start
      throw new RecordError(`negative length ${length} in a record`)
    }
    if (length > this.#end - start) throw new RecordError(`${length} bytes expected in a record, ${this.#end - start} left`)
    this.#next = start + length
    return start
  }

  #byte(): number {
    if (this.#next >= this.#end) throw new RecordError('record ends too early')
    return this.bytes[this.#next++] as number
  }

  /** Zigzag, 32 bits. */
  #varint(): number {
    let byte = this.#byte()
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1)
    let raw = byte & 0x7f
    for (let shift = 7; shift <= 28; shift += 7) {
      byte = this.#byte()
      raw |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        if (shift === 28 && byte > 0x0f) break
        return (raw >>> 1) ^ -(raw & 1)
      }
    }
    throw new RecordError('varint does not fit 32 bits')
  }

  /** Zigzag, 64 bits, rounded beyond the safe integers. */
  #varlong(): number {
    let byte = this.#byte()
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1)
    let raw = byte & 0x7f
    let scale = 128
    for (let count = 1; count < 10; count += 1) {
      byte = this.#byte()
      raw += (byte & 0x7f) * scale
      scale *= 128
      if (byte < 0x80) return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2
    }
    throw new RecordError('varlong does not fit 64 bits')
  }
}

export function varintSize(value: number): number {
  let size = 1
  for (let raw = zigzag(value); raw >= 128; raw = Math.floor(raw / 128)) size += 1
  return size
}

/** Writes a zigzag varint or varlong (safe integers) and returns the position after it. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let position = at
  let raw = zigzag(value)
  while (raw >= 128) {
    bytes[position++] = (raw % 128) | 0x80
    raw = Math.floor(raw / 128)
  }
  bytes[position++] = raw
  return position
}

function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1
}
