/**
 * What a process has handed to a connection and what has not left it yet: bytes and ranges of files, in order. Bytes are copied
 * when they leave, so a sender that reuses them before it was told so sends garbage, as on a real socket.
 */
import type { DiskFile } from '@millrace/runtime'

interface Entry {
  readonly chunks: readonly Uint8Array[]
  readonly file: DiskFile | null
  readonly position: number
  readonly sizeBytes: number
  readonly onSent: (() => void) | undefined
  takenBytes: number
}

export class SimulatedOutbox {
  readonly #entries: Entry[] = []
  #bufferedBytes = 0

  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  addChunks(chunks: readonly Uint8Array[], onSent: (() => void) | undefined): void {
    const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    this.#add({ chunks, file: null, position: 0, sizeBytes, onSent, takenBytes: 0 })
  }

  addRange(file: DiskFile, position: number, sizeBytes: number, onSent: (() => void) | undefined): void {
    this.#add({ chunks: [], file, position, sizeBytes, onSent, takenBytes: 0 })
  }

  /**
   * Copies out up to `limit` bytes, and hands what is sent by that to `onSent`. Throws what the disk throws, and a RangeError for
   * a file that is shorter than its range.
   */
  take(limit: number, onSent: (callback: () => void) => void): Uint8Array {
    const bytes = new Uint8Array(Math.min(limit, this.#bufferedBytes))
    let at = 0
    for (let entry = this.#entries[0]; entry !== undefined; entry = this.#entries[0]) {
      const count = Math.min(entry.sizeBytes - entry.takenBytes, bytes.length - at)
      if (count > 0) copyFrom(entry, bytes.subarray(at, at + count))
      entry.takenBytes += count
      at += count
      if (entry.takenBytes < entry.sizeBytes) break
      this.#entries.shift()
      if (entry.onSent !== undefined) onSent(entry.onSent)
    }
    this.#bufferedBytes -= at
    return bytes
  }

  /** Drops everything; returns the callbacks that are still owed. */
  clear(): readonly (() => void)[] {
    this.#bufferedBytes = 0
    return this.#entries.splice(0).flatMap(({ onSent }) => onSent ?? [])
  }

  #add(entry: Entry): void {
    this.#entries.push(entry)
    this.#bufferedBytes += entry.sizeBytes
  }
}

function copyFrom({ chunks, file, position, takenBytes }: Entry, into: Uint8Array): void {
  if (file !== null) {
    const count = file.readSync(into, position + takenBytes)
    if (count < into.length) throw new RangeError(`${file.path} ended early`)
    return
  }
  let skip = takenBytes
  let at = 0
  for (const chunk of chunks) {
    if (at === into.length) return
    const piece = chunk.subarray(Math.min(skip, chunk.length), Math.min(chunk.length, skip + into.length - at))
    skip = Math.max(0, skip - chunk.length)
    into.set(piece, at)
    at += piece.length
  }
}
