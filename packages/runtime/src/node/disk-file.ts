/**
 * One open file of the operating system.
 *
 * Owns its descriptor. Descriptors are small numbers that the system hands out again, so one is closed only when no call
 * that still runs in the thread pool can touch it: `close` during such a call takes effect when the call ends, and
 * `descriptor` is null from the moment of `close`.
 */
import * as fs from 'node:fs'
import { DISK_ERROR_CODES, DiskError, type DiskFile } from '../ports/disk.ts'
import { toDiskError } from './disk-error.ts'

/** The most chunks that Linux and macOS take in one `pwritev`. */
const CHUNKS_PER_WRITE = 1024

export class NodeDiskFile implements DiskFile {
  readonly path: string
  readonly #fd: number
  /** Calls running in the thread pool. Invariant: the descriptor is open while this is not 0. */
  #inFlight = 0
  #isClosed = false

  constructor(path: string, fd: number) {
    this.path = path
    this.#fd = fd
  }

  get descriptor(): number | null {
    return this.#isClosed ? null : this.#fd
  }

  size(): number {
    return this.#attempt('stat', () => fs.fstatSync(this.#fd).size)
  }

  readSync(into: Uint8Array, position: number): number {
    return this.#attempt('read', () => {
      let done = 0
      while (done < into.length) {
        const count = fs.readSync(this.#fd, into, done, into.length - done, position + done)
        if (count === 0) break
        done += count
      }
      return done
    })
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    return this.#pooled('read', async () => {
      let done = 0
      while (done < into.length) {
        const count = await readOnce(this.#fd, into, done, position + done)
        if (count === 0) break
        done += count
      }
      return done
    })
  }

  writeSync(chunks: readonly Uint8Array[], position: number): number {
    const writer = new ChunkCursor(chunks)
    return this.#attempt(
      'write',
      () => {
        while (!writer.isDone) {
          const next = writer.next()
          const count =
            next.length === 1 && next[0] !== undefined
              ? fs.writeSync(this.#fd, next[0], 0, next[0].length, position + writer.writtenBytes)
              : fs.writevSync(this.#fd, next, position + writer.writtenBytes)
          writer.advance(count)
        }
        return writer.writtenBytes
      },
      writer,
    )
  }

  async write(chunks: readonly Uint8Array[], position: number): Promise<number> {
    const writer = new ChunkCursor(chunks)
    return this.#pooled(
      'write',
      async () => {
        while (!writer.isDone) writer.advance(await writeOnce(this.#fd, writer.next(), position + writer.writtenBytes))
        return writer.writtenBytes
      },
      writer,
    )
  }

  truncate(sizeBytes: number): void {
    this.#attempt('truncate', () => fs.ftruncateSync(this.#fd, sizeBytes))
  }

  async sync(): Promise<void> {
    await this.#pooled('sync', () => settle<void>((done) => fs.fdatasync(this.#fd, done)))
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#inFlight === 0) this.#closeDescriptor()
  }

  #attempt<Result>(doing: string, run: () => Result, writer?: ChunkCursor): Result {
    this.#assertOpen(doing)
    try {
      return run()
    } catch (error) {
      throw toDiskError(error, describe(doing, writer), this.path)
    }
  }

  async #pooled<Result>(doing: string, run: () => Promise<Result>, writer?: ChunkCursor): Promise<Result> {
    this.#assertOpen(doing)
    this.#inFlight++
    try {
      return await run()
    } catch (error) {
      throw toDiskError(error, describe(doing, writer), this.path)
    } finally {
      this.#inFlight--
      if (this.#isClosed && this.#inFlight === 0) this.#closeDescriptor()
    }
  }

  #assertOpen(doing: string): void {
    if (this.#isClosed) throw new DiskError(DISK_ERROR_CODES.failed, this.path, `cannot ${doing} ${this.path}: the file is closed`)
  }

  #closeDescriptor(): void {
    try {
      fs.closeSync(this.#fd)
    } catch (error) {
      throw toDiskError(error, 'close', this.path)
    }
  }
}

/** Walks a list of chunks through writes that may each take only a part of what they are offered. */
class ChunkCursor {
  readonly totalBytes: number
  writtenBytes = 0
  readonly #chunks: readonly Uint8Array[]
  #index = 0
  /** Bytes of the chunk at `#index` that were written. */
  #offset = 0

  constructor(chunks: readonly Uint8Array[]) {
    this.#chunks = chunks
    let total = 0
    for (const chunk of chunks) total += chunk.length
    this.totalBytes = total
    // So that no call is ever offered empty chunks alone: it would look like a device that takes nothing.
    while (chunks[this.#index]?.length === 0) this.#index++
  }

  get isDone(): boolean {
    return this.writtenBytes === this.totalBytes
  }

  /** The chunks for the next call, no more than one call takes. */
  next(): readonly Uint8Array[] {
    if (this.#index === 0 && this.#offset === 0 && this.#chunks.length <= CHUNKS_PER_WRITE) return this.#chunks
    const next = this.#chunks.slice(this.#index, this.#index + CHUNKS_PER_WRITE)
    if (this.#offset > 0 && next[0] !== undefined) next[0] = next[0].subarray(this.#offset)
    return next
  }

  advance(count: number): void {
    // A device that takes nothing and reports no error would otherwise be asked for ever.
    if (count === 0) throw new Error('the device took no bytes')
    this.writtenBytes += count
    let rest = this.#offset + count
    let chunk = this.#chunks[this.#index]
    while (chunk !== undefined && rest >= chunk.length) {
      rest -= chunk.length
      chunk = this.#chunks[++this.#index]
    }
    this.#offset = rest
  }
}

function describe(doing: string, writer: ChunkCursor | undefined): string {
  if (writer === undefined || writer.writtenBytes === 0) return doing
  return `${doing} (${writer.writtenBytes} of ${writer.totalBytes} bytes were written)`
}

function readOnce(fd: number, into: Uint8Array, offset: number, position: number): Promise<number> {
  return settle<number>((done) => fs.read(fd, into, offset, into.length - offset, position, done))
}

function writeOnce(fd: number, chunks: readonly Uint8Array[], position: number): Promise<number> {
  return settle<number>((done) => fs.writev(fd, chunks, position, done))
}

function settle<Value>(start: (done: (error: Error | null, value?: Value) => void) => void): Promise<Value> {
  return new Promise((resolve, reject) => {
    start((error, value) => {
      if (error === null) resolve(value as Value)
      else reject(error)
    })
  })
}
