/**
 * What a connection has been given to send: bytes and ranges of files, in one order.
 *
 * Owns the order, the count of buffered bytes and the promise that each `onSent` is called exactly once. Bytes go to the
 * socket's own queue, corked until the turn ends so that a turn makes one system call. A range waits until everything
 * before it has left, because `sendfile` writes past that queue.
 *
 * The rules of `sendfile`, each of which was learned by breaking it: only on a plain TCP socket (an encrypted one has a
 * descriptor too, and would leak plaintext); only with nothing of ours queued in the socket; ask the handle for its
 * descriptor before every call, as the number belongs to somebody else once the socket is closed; 0 means the end of the
 * file; when the socket is full, the next piece goes through `socket.write`, whose callback tells when there is room again;
 * slices of 1 MiB, a few per turn; never from a cold page cache.
 */
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { BufferPool } from './buffer-pool.ts'
import type { DiskFile } from '../ports/disk.ts'
import { NETWORK_ERROR_CODES, NetworkError } from '../ports/network.ts'
import { toNetworkError } from './network-error.ts'
import { counters } from './network-statistics.ts'
import { type Entry, endedEarly, isRange, type Range } from './outbox-entry.ts'
import type { SendFile } from './send-file.ts'

/** Below this a copy is cheaper than the system call of its own. */
const COPY_BELOW_BYTES = 64 * 1024
/** With more than this unsent, a small range stays a range: it would only wait as a copy. */
const COPY_AT_ONCE_BELOW_BUFFERED_BYTES = 256 * 1024
const COPY_SLICE_BYTES = 256 * 1024
const SEND_SLICE_BYTES = 1024 * 1024
const SENDS_PER_TURN = 4

const pool = new BufferPool()

/** Where bytes are read to that only have to get into the page cache; never looked at, so shared by all. */
let discarded: Uint8Array | undefined

export interface OutboxOwner {
  /** All that was buffered has left. */
  onDrain(): void
  /** The connection is of no use any more and must be destroyed. */
  onFailure(error: NetworkError): void
}

export interface OutboxOptions {
  /** Called when a large range is to be sent; null copies every range, as where `sendfile` does not exist. */
  readonly loadSendFile: () => SendFile | null
}

/** The part of a socket that Node has no public name for. */
interface SocketInternals {
  readonly _handle?: { readonly fd?: number } | null
  readonly encrypted?: boolean
}

const EMPTY = new Uint8Array(0)

export class Outbox {
  readonly #socket: Socket
  readonly #owner: OutboxOwner
  readonly #sendFile: () => SendFile | null
  /** What has to be told or given back when it has left, or the socket is closed; it waits here or in the socket. */
  readonly #toRelease = new Set<Entry>()
  /** What may not go to the socket yet. Invariant: between calls it is empty or starts with a range. */
  readonly #waiting: Entry[] = []
  #bufferedBytes = 0
  /** Calls of `socket.write` that have not called back. Invariant: 0 whenever `sendfile` is called. */
  #pendingWrites = 0
  /** Whether the first of `#waiting` is on its way, to be continued by a callback. */
  #isSending = false
  #sendsThisTurn = 0
  #afterTurn: (() => void) | undefined
  #isCorked = false
  readonly #uncorkLater = (): void => this.#uncork()
  #isEnding = false
  #isClosed = false
  #onHandedOver: (() => void) | undefined

  constructor(socket: Socket, owner: OutboxOwner, options: OutboxOptions) {
    this.#socket = socket
    this.#owner = owner
    const isPlain = (socket as SocketInternals).encrypted !== true
    this.#sendFile = isPlain ? options.loadSendFile : () => null
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  write(chunks: readonly Uint8Array[], onSent: (() => void) | undefined): void {
    let sizeBytes = 0
    for (const chunk of chunks) sizeBytes += chunk.length
    const entry: Entry = { restBytes: sizeBytes, onSent, chunks, pooled: undefined, file: undefined, position: 0 }
    if (!this.#accept(entry)) return
    if (this.#waiting.length > 0) this.#waiting.push(entry)
    else this.#handOver(entry, chunks)
  }

  writeFile(file: DiskFile, position: number, length: number, onSent: (() => void) | undefined): void {
    const chunks = length === 0 ? [] : undefined
    const entry: Entry = { restBytes: length, onSent, chunks, pooled: undefined, file, position }
    if (!this.#accept(entry)) return
    this.#waiting.push(entry)
    this.#advance()
  }

  /** Takes nothing more, and calls back when the socket has been given all there was. */
  end(onHandedOver: () => void): void {
    this.#isEnding = true
    if (this.#waiting.length === 0) onHandedOver()
    else this.#onHandedOver = onHandedOver
  }

  /** The socket is closed: whatever has not left never will. */
  close(): void {
    this.#isClosed = true
    this.#waiting.length = 0
    this.#onHandedOver = undefined
    this.#bufferedBytes = 0
    const toRelease = [...this.#toRelease]
    this.#toRelease.clear()
    for (const entry of toRelease) this.#release(entry)
  }

  get #isDead(): boolean {
    return this.#isClosed || this.#socket.destroyed
  }

  #accept(entry: Entry): boolean {
    if (this.#isEnding || this.#isDead || this.#socket.writableEnded) {
      setImmediate(() => this.#release(entry))
      return false
    }
    if (entry.onSent !== undefined || entry.file !== undefined) this.#toRelease.add(entry)
    this.#bufferedBytes += entry.restBytes
    return true
  }

  /** Moves on through what waits, as far as that goes without waiting for the socket. */
  #advance(): void {
    while (!this.#isSending && !this.#isDead) {
      const next = this.#waiting[0]
      if (next === undefined) {
        const onHandedOver = this.#onHandedOver
        this.#onHandedOver = undefined
        onHandedOver?.()
        return
      }
      if (isRange(next) && this.#isWorthCopyingNow(next) && !this.#copyNow(next)) return
      if (next.chunks !== undefined) {
        this.#waiting.shift()
        this.#handOver(next, next.chunks)
      } else if (this.#pendingWrites > 0) {
        // It continues when they have left, so let them go at once.
        this.#uncork()
        return
      } else if (isRange(next)) {
        this.#isSending = true
        this.#sendRange(next)
      }
    }
  }

  #handOver(entry: Entry, chunks: readonly Uint8Array[]): void {
    this.#cork()
    this.#pendingWrites++
    const last = chunks.length - 1
    for (let index = 0; index < last; index++) this.#socket.write(chunks[index] ?? EMPTY)
    this.#socket.write(chunks[last] ?? EMPTY, (error) => {
      this.#pendingWrites--
      // The socket is about to close, which reports whatever has not left.
      if (isFailure(error)) return
      this.#left(entry, entry.restBytes)
      this.#advance()
    })
  }

  /** Small ranges travel with the bytes around them, in the same system call. */
  #isWorthCopyingNow(range: Range): boolean {
    if (range.restBytes >= COPY_BELOW_BYTES) return false
    if (this.#bufferedBytes - range.restBytes > COPY_AT_ONCE_BELOW_BUFFERED_BYTES && this.#pendingWrites > 0) return false
    const { descriptor } = range.file
    return descriptor === null || (this.#sendFile()?.isCached(descriptor, range.position, range.restBytes) ?? true)
  }

  /** Turns a range into bytes; false when the connection broke over it. */
  #copyNow(range: Entry & { readonly file: DiskFile }): boolean {
    const buffer = pool.take(range.restBytes)
    const copy = buffer.subarray(0, range.restBytes)
    try {
      if (range.file.readSync(copy, range.position) < copy.length) throw endedEarly(range)
    } catch (error) {
      pool.give(buffer)
      this.#fail(error, range)
      return false
    }
    counters.copiedFileBytes += copy.length
    range.chunks = [copy]
    range.pooled = buffer
    return true
  }

  #sendRange(range: Range): void {
    const sendFile = this.#sendFile()
    if (sendFile === null || range.file.descriptor === null || range.restBytes < COPY_BELOW_BYTES) void this.#copy(range)
    else this.#sendFromCache(range, sendFile)
  }

  /** Up to `warmedPosition` the file was just read, so it is not asked again: a cache that loses pages that fast must not stop us. */
  #sendFromCache(range: Range, sendFile: SendFile, warmedPosition = 0): void {
    while (!this.#isDead) {
      const socket = (this.#socket as SocketInternals)._handle?.fd ?? -1
      const file = range.file.descriptor
      if (socket < 0 || file === null) {
        this.#fail(new NetworkError(NETWORK_ERROR_CODES.closed, 'the socket or the file was closed during a send'), range)
        return
      }
      if (!this.#mayGoOn(() => this.#sendFromCache(range, sendFile, warmedPosition))) return
      const length = Math.min(range.restBytes, SEND_SLICE_BYTES)
      if (range.position + length > warmedPosition && !sendFile.isCached(file, range.position, length)) {
        void this.#warm(range, length, sendFile)
        return
      }
      const count = sendFile.send(socket, file, range.position, length)
      if (count > 0) {
        counters.sendFileBytes += count
        if (this.#progressed(range, count)) return
      } else if (count === -constants.errno.EAGAIN) {
        this.#writeOneSlice(range, sendFile)
        return
      } else if (count === -constants.errno.EINVAL || count === -constants.errno.ENOSYS || count === -constants.errno.EOPNOTSUPP) {
        // Some file systems cannot.
        void this.#copy(range)
        return
      } else if (count !== -constants.errno.EINTR) {
        this.#fail(count === 0 ? endedEarly(range) : new Error(`sendfile failed with error number ${-count}`), range)
        return
      }
    }
  }

  /** False when this turn of the event loop has had its share; then `run` is called in the next. */
  #mayGoOn(run: () => void): boolean {
    if (this.#sendsThisTurn === 0) setImmediate(() => this.#turnEnded())
    if (this.#sendsThisTurn < SENDS_PER_TURN) {
      this.#sendsThisTurn++
      return true
    }
    this.#afterTurn = run
    return false
  }

  #turnEnded(): void {
    this.#sendsThisTurn = 0
    const run = this.#afterTurn
    this.#afterTurn = undefined
    run?.()
  }

  /** The socket is full. A write through it is what calls back when it has room again. */
  #writeOneSlice(range: Range, sendFile: SendFile): void {
    const buffer = pool.take(COPY_BELOW_BYTES)
    let count: number
    try {
      count = range.file.readSync(buffer.subarray(0, Math.min(range.restBytes, COPY_BELOW_BYTES)), range.position)
      if (count === 0) throw endedEarly(range)
    } catch (error) {
      pool.give(buffer)
      this.#fail(error, range)
      return
    }
    this.#writeSlice(buffer.subarray(0, count), (hasLeft) => {
      pool.give(buffer)
      if (hasLeft && !this.#progressed(range, count)) this.#sendFromCache(range, sendFile)
    })
  }

  /** Reads what comes next off the event loop, only to have it in the page cache. */
  async #warm(range: Range, length: number, sendFile: SendFile): Promise<void> {
    counters.warmedSlices++
    discarded ??= Buffer.allocUnsafeSlow(SEND_SLICE_BYTES)
    try {
      const count = await range.file.read(discarded.subarray(0, length), range.position)
      if (count < length) throw endedEarly(range)
      this.#sendFromCache(range, sendFile, range.position + length)
    } catch (error) {
      this.#fail(error, range)
    }
  }

  /** Sends a range by reading and writing, off the event loop, with at most one slice in memory. */
  async #copy(range: Range): Promise<void> {
    const buffer = pool.take(Math.min(range.restBytes, COPY_SLICE_BYTES))
    try {
      let isFinished = false
      while (!isFinished) {
        const count = await range.file.read(buffer.subarray(0, Math.min(range.restBytes, COPY_SLICE_BYTES)), range.position)
        if (this.#isDead) return
        if (count === 0) throw endedEarly(range)
        const hasLeft = await new Promise<boolean>((resolve) => this.#writeSlice(buffer.subarray(0, count), resolve))
        if (!hasLeft || this.#isDead) return
        isFinished = this.#progressed(range, count)
      }
    } catch (error) {
      this.#fail(error, range)
    } finally {
      pool.give(buffer)
    }
  }

  #writeSlice(slice: Uint8Array, done: (hasLeft: boolean) => void): void {
    counters.copiedFileBytes += slice.length
    this.#pendingWrites++
    this.#socket.write(slice, (error) => {
      this.#pendingWrites--
      done(!isFailure(error))
    })
  }

  /** Counts what left of the range under way; true when that was all of it. */
  #progressed(range: Range, count: number): boolean {
    range.position += count
    const isFinished = count === range.restBytes
    if (isFinished) {
      this.#waiting.shift()
      this.#isSending = false
    }
    this.#left(range, count)
    if (isFinished) this.#advance()
    return isFinished
  }

  #left(entry: Entry, count: number): void {
    if (this.#isClosed) return
    entry.restBytes -= count
    this.#bufferedBytes -= count
    if (entry.restBytes > 0) return
    if (this.#toRelease.delete(entry)) this.#release(entry)
    if (this.#bufferedBytes === 0 && !this.#isDead) this.#guard(() => this.#owner.onDrain())
  }

  #release(entry: Entry): void {
    if (entry.pooled !== undefined) pool.give(entry.pooled)
    if (entry.onSent !== undefined) this.#guard(entry.onSent)
  }

  /** An owner's mistake ends this connection and no other. */
  #guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#owner.onFailure(new NetworkError(NETWORK_ERROR_CODES.failed, 'a handler of the connection failed', { cause: error }))
    }
  }

  #fail(error: unknown, range: Entry & { readonly file: DiskFile }): void {
    // A connection that ended meanwhile has a reason already.
    if (!this.#isDead) this.#owner.onFailure(toNetworkError(error, `send ${range.file.path}`))
  }

  #cork(): void {
    if (this.#isCorked) return
    this.#isCorked = true
    this.#socket.cork()
    process.nextTick(this.#uncorkLater)
  }

  #uncork(): void {
    if (!this.#isCorked) return
    this.#isCorked = false
    this.#socket.uncork()
  }
}

function isFailure(error: Error | null | undefined): boolean {
  return error !== null && error !== undefined
}
