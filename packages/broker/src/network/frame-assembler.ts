/**
 * Cuts one connection's byte stream into request frames: an int32 length, then that many bytes.
 *
 * A frame that lies whole in the chunk at hand is passed on as a view of it, without a copy. Only a frame that is spread
 * over several reads is put together in a buffer of its own, into which the rest of a large one is read directly. Either way the
 * bytes are valid until the turn ends, that is until `releaseFrames`; whoever needs them longer copies them.
 *
 * The stated length is checked against the limit before anything is reserved for it.
 */
import type { RequestMemory } from './request-memory.ts'

const LENGTH_BYTES = 4
/** So much of a frame must be missing for a read of its own to be cheaper than a copy. */
const READ_INTO_BYTES = 64 * 1024

export interface FrameSink {
  /** Takes one frame, without its length. */
  onFrame(frame: Uint8Array): void
  /** Asked after each frame: true stops the cutting where it is. */
  isBlocked(): boolean
}

export type PushOutcome =
  /** All of the chunk was taken. */
  | 'consumed'
  /** The sink is blocked; `consumedBytes` says where to go on. */
  | 'blocked'
  /** The frame at hand needs memory that is not there; go on when `RequestMemory` calls. */
  | 'no-memory'

/** The peer announced a frame that cannot be: the connection has to be closed. */
export class FrameSizeError extends Error {
  readonly sizeBytes: number

  constructor(sizeBytes: number, maxBytes: number) {
    super(
      sizeBytes < 0
        ? `request frame with a negative length (${sizeBytes})`
        : `request frame of ${sizeBytes} bytes is larger than socket.request.max.bytes (${maxBytes})`,
    )
    this.name = 'FrameSizeError'
    this.sizeBytes = sizeBytes
  }
}

export class FrameAssembler {
  readonly #memory: RequestMemory
  readonly #maxFrameBytes: number

  /** Length prefix that was cut by the end of a chunk. */
  readonly #prefix = new Uint8Array(LENGTH_BYTES)
  #prefixFilled = 0
  /** Frame under assembly: its size, or -1 when none is. Invariant: `#filled <= #frameBytes`. */
  #frameBytes = -1
  #buffer: Uint8Array | null = null
  #filled = 0
  /** Buffers of frames that were passed on in this turn. */
  #passedOn: Uint8Array[] = []

  /** How much of the last chunk `push` took. */
  consumedBytes = 0

  constructor(memory: RequestMemory, maxFrameBytes: number) {
    this.#memory = memory
    this.#maxFrameBytes = maxFrameBytes
  }

  /** True while part of a frame is here and the rest is awaited. */
  get isMidFrame(): boolean {
    return this.#prefixFilled > 0 || this.#frameBytes >= 0
  }

  /**
   * Where the next chunk had better be read to: what is missing of a large frame. Null where it does not matter. It is ours again
   * with the next `push`.
   */
  readInto(): Uint8Array | null {
    const buffer = this.#buffer
    if (buffer === null) return null
    const end = Math.min(this.#frameBytes, buffer.length)
    return end - this.#filled < READ_INTO_BYTES ? null : buffer.subarray(this.#filled, end)
  }

  push(chunk: Uint8Array, sink: FrameSink): PushOutcome {
    let position = 0
    while (position < chunk.length) {
      if (sink.isBlocked()) return this.#stop(position, 'blocked')
      if (this.#frameBytes < 0) {
        if (this.#prefixFilled === 0 && chunk.length - position >= LENGTH_BYTES) {
          this.#frameBytes = this.#checkedSize(readInt32(chunk, position))
          position += LENGTH_BYTES
        } else {
          this.#prefix[this.#prefixFilled++] = chunk[position++] as number
          if (this.#prefixFilled < LENGTH_BYTES) continue
          this.#prefixFilled = 0
          this.#frameBytes = this.#checkedSize(readInt32(this.#prefix, 0))
        }
        this.#filled = 0
      }
      const available = chunk.length - position
      if (this.#buffer === null && available >= this.#frameBytes) {
        const frame = chunk.subarray(position, position + this.#frameBytes)
        position += this.#frameBytes
        this.#frameBytes = -1
        sink.onFrame(frame)
        continue
      }
      const taken = Math.min(available, this.#frameBytes - this.#filled)
      if (!this.#reserve(this.#filled + taken)) return this.#stop(position, 'no-memory')
      const buffer = this.#buffer as Uint8Array
      const isInPlace = chunk.buffer === buffer.buffer && chunk.byteOffset + position === buffer.byteOffset + this.#filled
      if (!isInPlace) buffer.set(chunk.subarray(position, position + taken), this.#filled)
      this.#filled += taken
      position += taken
      if (this.#filled === this.#frameBytes) {
        this.#buffer = null
        this.#passedOn.push(buffer)
        const frame = buffer.subarray(0, this.#frameBytes)
        this.#frameBytes = -1
        sink.onFrame(frame)
      }
    }
    return this.#stop(position, 'consumed')
  }

  /** Ends the validity of the frames that were passed on. */
  releaseFrames(): void {
    if (this.#passedOn.length === 0) return
    const passedOn = this.#passedOn
    this.#passedOn = []
    for (const buffer of passedOn) this.#memory.give(buffer)
  }

  /** Gives everything back; the connection is gone. */
  close(): void {
    this.releaseFrames()
    if (this.#buffer !== null) this.#memory.give(this.#buffer)
    this.#buffer = null
    this.#frameBytes = -1
    this.#prefixFilled = 0
  }

  #stop(position: number, outcome: PushOutcome): PushOutcome {
    this.consumedBytes = position
    return outcome
  }

  #checkedSize(sizeBytes: number): number {
    if (sizeBytes < 0 || sizeBytes > this.#maxFrameBytes) throw new FrameSizeError(sizeBytes, this.#maxFrameBytes)
    return sizeBytes
  }

  /** Makes room for the first `neededBytes` of the frame. */
  #reserve(neededBytes: number): boolean {
    const current = this.#buffer
    if (current !== null && current.length >= neededBytes) return true
    const larger = this.#memory.take(this.#frameBytes, neededBytes, current)
    if (larger === null) return false
    if (current !== null) {
      larger.set(current.subarray(0, this.#filled))
      this.#memory.give(current)
    }
    this.#buffer = larger
    return true
  }
}

function readInt32(bytes: Uint8Array, position: number): number {
  return (
    ((bytes[position] as number) << 24) |
    ((bytes[position + 1] as number) << 16) |
    ((bytes[position + 2] as number) << 8) |
    (bytes[position + 3] as number)
  )
}
