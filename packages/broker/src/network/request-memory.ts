/**
 * The memory in which request frames that did not arrive in one piece are put together.
 *
 * It owns one bound for the whole process: however many connections send however large frames, no more than `maxBytes` are
 * held. A connection that finds the memory used up stops reading its socket and is called back, first come first served. One
 * frame at a time may grow beyond the bound, or frames that are half here would wait for each other for ever.
 * Buffers are recycled by size class, because a fresh 256 KiB buffer for every frame costs more in page faults than
 * everything else that is done with the frame.
 */
import type { BufferPool } from '@millrace/runtime'

/** How much memory is taken to come back for each that waits. */
const USUAL_BYTES = 512 * 1024
const SMALLEST_BYTES = 16 * 1024

export interface RequestMemoryOptions {
  readonly pool: BufferPool
  /** Bytes that may be out at any time, beside the one frame that may go beyond them. */
  readonly maxBytes: number
  /** Up to this size a frame gets its buffer at once; beyond it the buffer grows with what has really arrived. 512 KiB when absent. */
  readonly eagerBytes?: number
}

export class RequestMemory {
  readonly #pool: BufferPool
  readonly #maxBytes: number
  readonly #eagerBytes: number
  #takenBytes = 0
  /** Of the frame that was let beyond the bound. Null when none is. */
  #exceptional: Uint8Array | null = null
  readonly #waiting: (() => void)[] = []

  constructor(options: RequestMemoryOptions) {
    this.#pool = options.pool
    this.#maxBytes = options.maxBytes
    this.#eagerBytes = options.eagerBytes ?? USUAL_BYTES
  }

  get takenBytes(): number {
    return this.#takenBytes
  }

  /**
   * A buffer for a frame of `frameBytes` of which `presentBytes` are here, or null when the memory is used up. `held` is what
   * the frame has so far, to be given back once its bytes have been moved.
   */
  take(frameBytes: number, presentBytes: number, held: Uint8Array | null): Uint8Array | null {
    const othersBytes = this.#takenBytes - (held?.length ?? 0)
    const isRoomy = this.#takenBytes < this.#maxBytes / 2
    const wanted = frameBytes <= this.#eagerBytes && isRoomy ? frameBytes : Math.min(frameBytes, Math.max(SMALLEST_BYTES, presentBytes * 2))
    const isBeyond = othersBytes + wanted > this.#maxBytes
    if (isBeyond && this.#exceptional !== null && this.#exceptional !== held) return null
    const buffer = this.#pool.take(wanted)
    this.#takenBytes += buffer.length
    if (isBeyond) this.#exceptional = buffer
    return buffer
  }

  give(buffer: Uint8Array): void {
    if (this.#exceptional === buffer) this.#exceptional = null
    this.#takenBytes -= buffer.length
    this.#pool.give(buffer)
    const isRoomFor = 1 + Math.max(0, this.#maxBytes - this.#takenBytes) / USUAL_BYTES
    for (const retry of this.#waiting.splice(0, isRoomFor)) retry()
  }

  /** Calls `retry` once when memory came back. */
  whenAvailable(retry: () => void): void {
    this.#waiting.push(retry)
  }

  /** Withdraws a call that was asked for, when its connection closes. */
  forget(retry: () => void): void {
    const index = this.#waiting.indexOf(retry)
    if (index >= 0) this.#waiting.splice(index, 1)
  }
}
