/**
 * Buffers that are used again, for large frames and for copies of file ranges.
 *
 * Fresh memory of that size costs a page fault for every 4 KiB touched, more than the copying itself. The pool keeps what
 * it is given back up to a bound and forgets the rest. A buffer never shares memory with another one.
 */
import { invariant } from '../assert.ts'

const SMALLEST_BYTES = 4 * 1024

export interface BufferPoolOptions {
  /** The most bytes that idle buffers may hold together; 32 MiB when absent. */
  readonly maxRetainedBytes?: number
}

export class BufferPool {
  readonly #maxRetainedBytes: number
  /** Idle buffers by the logarithm of their size; the last one given is the first taken, for it is likeliest in the cache. */
  readonly #idle: Uint8Array[][] = []
  /** Invariant: exactly the buffers in `#idle`. A buffer given back twice would get two owners who overwrite each other. */
  readonly #known = new WeakSet<Uint8Array>()
  /** Invariant: the sum of the sizes in `#idle`, and at most `#maxRetainedBytes`. */
  #retainedBytes = 0

  constructor(options: BufferPoolOptions = {}) {
    this.#maxRetainedBytes = options.maxRetainedBytes ?? 32 * 1024 * 1024
  }

  get retainedBytes(): number {
    return this.#retainedBytes
  }

  /** A buffer of at least `sizeBytes` with unknown content, owned by the caller. */
  take(sizeBytes: number): Uint8Array {
    // What could hardly ever be kept is made to measure, not rounded up to twice the size.
    if (sizeBytes > this.#maxRetainedBytes / 2) return uninitialized(sizeBytes)
    const sizeClass = classOf(Math.max(sizeBytes, SMALLEST_BYTES))
    const buffer = this.#idle[sizeClass]?.pop()
    if (buffer === undefined) return uninitialized(2 ** sizeClass)
    this.#known.delete(buffer)
    this.#retainedBytes -= buffer.length
    return buffer
  }

  /** Takes back the very buffer that `take` gave, not a view of it. It need not be given back at all. */
  give(buffer: Uint8Array): void {
    invariant(!this.#known.has(buffer), 'a buffer is given back once')
    const sizeClass = classOf(buffer.length)
    if (2 ** sizeClass !== buffer.length || buffer.length < SMALLEST_BYTES || buffer.length !== buffer.buffer.byteLength) return
    if (this.#retainedBytes + buffer.length > this.#maxRetainedBytes) return
    this.#known.add(buffer)
    this.#retainedBytes += buffer.length
    const idle = this.#idle[sizeClass]
    if (idle === undefined) this.#idle[sizeClass] = [buffer]
    else idle.push(buffer)
  }
}

/** A plain array, not a `Buffer`: the `slice` of a `Buffer` shares its memory, which is the last thing a caller of `slice` wants. */
function uninitialized(sizeBytes: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(sizeBytes).buffer)
}

/** The logarithm of the smallest power of two that holds `sizeBytes`. */
function classOf(sizeBytes: number): number {
  return sizeBytes <= 1 ? 0 : 32 - Math.clz32(sizeBytes - 1)
}
