/** Decompressed bytes as they come, in a buffer that grows with what is really there and never past the bound. */
import { COMPRESSION_ERROR_CODES, CompressionError } from '../ports/compression.ts'

const SMALLEST_BYTES = 1024

export class Output {
  readonly #maxBytes: number
  bytes: Uint8Array
  length = 0

  constructor(expectedBytes: number, maxBytes: number) {
    this.#maxBytes = maxBytes
    this.bytes = new Uint8Array(Math.min(maxBytes, Math.max(SMALLEST_BYTES, expectedBytes)))
  }

  /** Makes room for `more` bytes. Throws where the bound is passed. */
  reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.bytes.length) return
    if (needed > this.#maxBytes) throw tooLarge(this.#maxBytes)
    const larger = new Uint8Array(Math.min(this.#maxBytes, Math.max(needed, this.bytes.length * 2)))
    larger.set(this.bytes.subarray(0, this.length))
    this.bytes = larger
  }

  append(chunk: Uint8Array): void {
    this.reserve(chunk.length)
    this.bytes.set(chunk, this.length)
    this.length += chunk.length
  }

  finished(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }
}

export function tooLarge(maxBytes: number): CompressionError {
  return new CompressionError(COMPRESSION_ERROR_CODES.tooLarge, `compressed data has more than ${maxBytes} bytes when decompressed`)
}

export function corrupt(message: string, cause?: unknown): CompressionError {
  return new CompressionError(COMPRESSION_ERROR_CODES.corrupt, message, cause === undefined ? undefined : { cause })
}
