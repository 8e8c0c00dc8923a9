/**
 * Cuts the byte stream of a connection into response frames. Each frame is a buffer of its own, so that what was decoded
 * as a view into it (records) lives as long as somebody holds it.
 */
const SIZE_BYTES = 4
/** A frame's buffer starts no larger than this and grows with what really arrives, whatever size was stated. */
const FIRST_ALLOCATION_BYTES = 1024 * 1024

export class FrameReader {
  readonly #maxFrameBytes: number
  readonly #onFrame: (frame: Uint8Array) => void
  readonly #size = new Uint8Array(SIZE_BYTES)
  /** Bytes of the size prefix (frame null) or of the frame that have arrived. */
  #received = 0
  #frame: Uint8Array | null = null
  #frameBytes = 0

  constructor(maxFrameBytes: number, onFrame: (frame: Uint8Array) => void) {
    this.#maxFrameBytes = maxFrameBytes
    this.#onFrame = onFrame
  }

  /** Copies what it needs of `chunk`. Returns false when the stream states an impossible size; nothing can follow that. */
  push(chunk: Uint8Array): boolean {
    let position = 0
    while (position < chunk.length) {
      if (this.#frame === null) {
        const taken = Math.min(SIZE_BYTES - this.#received, chunk.length - position)
        this.#size.set(chunk.subarray(position, position + taken), this.#received)
        this.#received += taken
        position += taken
        if (this.#received === SIZE_BYTES && !this.#begin()) return false
      } else {
        const taken = Math.min(this.#frameBytes - this.#received, chunk.length - position)
        this.#append(this.#frame, chunk.subarray(position, position + taken))
        position += taken
      }
      if (this.#frame !== null && this.#received === this.#frameBytes) this.#finish(this.#frame)
    }
    return true
  }

  #begin(): boolean {
    this.#frameBytes = new DataView(this.#size.buffer).getInt32(0)
    if (this.#frameBytes < 0 || this.#frameBytes > this.#maxFrameBytes) return false
    this.#frame = new Uint8Array(Math.min(this.#frameBytes, FIRST_ALLOCATION_BYTES))
    this.#received = 0
    return true
  }

  #append(frame: Uint8Array, bytes: Uint8Array): void {
    const needed = this.#received + bytes.length
    let target = frame
    if (needed > frame.length) {
      target = new Uint8Array(Math.min(this.#frameBytes, Math.max(needed, frame.length * 2)))
      target.set(frame.subarray(0, this.#received))
      this.#frame = target
    }
    target.set(bytes, this.#received)
    this.#received = needed
  }

  #finish(frame: Uint8Array): void {
    this.#frame = null
    this.#received = 0
    this.#onFrame(frame)
  }
}
