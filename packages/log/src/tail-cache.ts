/**
 * The newest bytes of the logs whose tails are being read, in memory: a reader that keeps up with small appends is served without
 * touching the file. One bound for all logs of a directory; the oldest chunk of all goes first.
 *
 * A log is cached while somebody reads its tail. Chunks begin and end between batches, and bytes once written never change, so
 * a reader gets views and may keep them as long as it likes.
 */
import type { Segment } from './segment.ts'

/** Small appends share a chunk of this size. */
const CHUNK_BYTES = 64 * 1024
/** What is appended in larger pieces is in the page cache just as well, and is sent from there without any copy. */
const APPEND_BYTES_MAX = CHUNK_BYTES
/** So much may be appended after a tail read before the log is taken for one that nobody follows. */
const INTEREST_BYTES = 2 * 1024 * 1024
/** A range that spans chunks is joined up to this size; beyond it the file is the better source. */
const JOIN_BYTES_MAX = 64 * 1024

interface Chunk {
  readonly tail: LogTail
  readonly segment: Segment
  /** Of the first byte in the segment. */
  readonly position: number
  readonly bytes: Uint8Array
  filledBytes: number
}

export class TailCache {
  readonly #limitBytes: number
  /** In order of creation, so each log's chunks are in order too. */
  readonly #chunks = new Set<Chunk>()
  #sizeBytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** For tails only. Null when the cache could not hold it. */
  allocate(tail: LogTail, segment: Segment, position: number): Chunk | null {
    if (CHUNK_BYTES > this.#limitBytes) return null
    for (const chunk of this.#chunks) {
      if (this.#sizeBytes + CHUNK_BYTES <= this.#limitBytes) break
      chunk.tail.forget(chunk)
    }
    const chunk: Chunk = { tail, segment, position, bytes: new Uint8Array(CHUNK_BYTES), filledBytes: 0 }
    this.#chunks.add(chunk)
    this.#sizeBytes += CHUNK_BYTES
    return chunk
  }

  /** For tails only. */
  remove(chunk: Chunk): void {
    if (this.#chunks.delete(chunk)) this.#sizeBytes -= chunk.bytes.length
  }
}

export class LogTail {
  readonly #cache: TailCache
  readonly #chunks: Chunk[] = []
  #interestBytes = 0

  constructor(cache: TailCache) {
    this.#cache = cache
  }

  /** Somebody reads at the end of the log. */
  noteReader(): void {
    this.#interestBytes = INTEREST_BYTES
  }

  /** Whole batches that were written to the segment at `position`. */
  append(segment: Segment, position: number, batches: readonly Uint8Array[], sizeBytes: number): void {
    if (this.#interestBytes <= 0) return
    this.#interestBytes -= sizeBytes
    if (this.#interestBytes <= 0 || sizeBytes > APPEND_BYTES_MAX) return this.clear()
    const last = this.#chunks.at(-1)
    let chunk: Chunk | null = null
    if (last !== undefined && last.segment === segment && last.position + last.filledBytes === position) {
      if (last.filledBytes + sizeBytes <= last.bytes.length) chunk = last
    } else if (last !== undefined) this.clear()
    if (chunk === null) {
      chunk = this.#cache.allocate(this, segment, position)
      if (chunk === null) return this.clear()
      this.#chunks.push(chunk)
    }
    for (const batch of batches) {
      chunk.bytes.set(batch, chunk.filledBytes)
      chunk.filledBytes += batch.length
    }
  }

  /** The bytes of that range of the segment, or null when they are not all here. */
  read(segment: Segment, position: number, sizeBytes: number): Uint8Array | null {
    const first = this.#chunks.findIndex((chunk) => chunk.segment === segment && position < chunk.position + chunk.filledBytes)
    const chunk = this.#chunks[first]
    if (chunk === undefined || position < chunk.position) return null
    const start = position - chunk.position
    if (start + sizeBytes <= chunk.filledBytes) return chunk.bytes.subarray(start, start + sizeBytes)
    if (sizeBytes > JOIN_BYTES_MAX) return null
    const joined = new Uint8Array(sizeBytes)
    let filled = 0
    for (let index = first; filled < sizeBytes; index += 1) {
      const next = this.#chunks[index]
      if (next === undefined || next.segment !== segment) return null
      const from = index === first ? start : 0
      const part = next.bytes.subarray(from, Math.min(next.filledBytes, from + sizeBytes - filled))
      joined.set(part, filled)
      filled += part.length
    }
    return joined
  }

  /** The log was cut or closed. */
  clear(): void {
    for (const chunk of this.#chunks) this.#cache.remove(chunk)
    this.#chunks.length = 0
  }

  /** For the cache only: the oldest chunk goes. */
  forget(chunk: Chunk): void {
    const at = this.#chunks.indexOf(chunk)
    if (at >= 0) this.#chunks.splice(0, at + 1).forEach((gone) => this.#cache.remove(gone))
  }
}
