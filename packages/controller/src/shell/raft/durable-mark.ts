/**
 * How far Raft's log was durable, noted after each flush: what tells an entry that has rotted from one that a crash has torn.
 *
 * No proposal waits for the note: it is written, and synced a moment later, once for all that was noted meanwhile. A process that is
 * killed leaves it in the page cache, exact; a power cut may leave the one of a moment before, and nothing is ever noted that was not
 * durable before. Where the log is to be cut, the note is lowered first, durably: it would say of the log that is left that entries
 * were lost.
 *
 * The file is an aid. Where it cannot be read, nothing is known; where it cannot be written, an older note stays.
 *
 * It has room for two records, written in turn, at position 0 and 4096, so that they share no sector:
 *
 * | bytes | what                                  |
 * | ----- | ------------------------------------- |
 * | 8     | "MILLMARK"                            |
 * | 4     | CRC-32C of all that follows           |
 * | 4     | version of this format: 1             |
 * | 8     | generation; the higher one is believed |
 * | 8     | index of the last durable entry       |
 *
 * Records of another version are no records.
 */
import { type Clock, type Disk, DiskError, type DiskFile, type Logger, type Timer } from '@millrace/runtime'

export const DURABLE_MARK_FILE = 'durable-mark'

const MAGIC = new TextEncoder().encode('MILLMARK')
const FORMAT_VERSION = 1
const CRC_POSITION = 8
const VERSION_POSITION = 12
const GENERATION_POSITION = 16
const INDEX_POSITION = 24
const RECORD_BYTES = 32
const RECORDS = 2
const RECORD_DISTANCE = 4096
const SAVED_AFTER_MS = 10

type Crc32c = (bytes: Uint8Array) => number

export interface DurableMarkOptions {
  readonly disk: Disk
  readonly path: string
  readonly clock: Pick<Clock, 'setTimer'>
  readonly crc32c: Crc32c
  readonly logger: Logger
}

export class DurableMark {
  readonly #options: DurableMarkOptions
  #file: DiskFile | null = null
  /** The name of the file is durable. */
  #isNameSaved = false
  #saveTimer: Timer | null = null
  #saving: Promise<void> | null = null
  #isClosed = false
  #generation: number
  /** No later note says more. */
  #index: number
  #isFailureLogged = false

  constructor(options: DurableMarkOptions) {
    this.#options = options
    const { generation, index } = newestOf(options)
    this.#generation = generation
    this.#index = index
  }

  /** Up to this index entries were durable at some time and have not been cut since; 0 when nothing is known. */
  get index(): number {
    return this.#index
  }

  /** Entries up to this index are durable. Never throws for the disk's sake. */
  raiseTo(index: number): void {
    if (index <= this.#index) return
    this.#index = index
    try {
      this.#writeRecord()
    } catch (error) {
      return this.#failed(error)
    }
    this.#saveSoon()
  }

  /** Entries after this index are going to be cut off. Durable when it resolves; rejects with a `DiskError`. */
  async lowerTo(index: number): Promise<void> {
    this.#index = Math.min(this.#index, index)
    for (let record = 0; record < RECORDS; record += 1) this.#writeRecord()
    await this.#opened().sync()
  }

  /** Waits for a sync that is under way; what was not synced yet is left in the page cache. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#saveTimer?.cancel()
    await this.#saving
    this.#file?.close()
    this.#file = null
  }

  #saveSoon(): void {
    if (this.#saveTimer !== null || this.#saving !== null || this.#isClosed) return
    this.#saveTimer = this.#options.clock.setTimer(SAVED_AFTER_MS, () => {
      this.#saveTimer = null
      this.#saving = this.#save()
    })
  }

  async #save(): Promise<void> {
    const index = this.#index
    try {
      await this.#opened().sync()
      if (!this.#isNameSaved) await this.#saveName()
    } catch (error) {
      this.#failed(error)
    }
    this.#saving = null
    if (this.#index > index) this.#saveSoon()
  }

  async #saveName(): Promise<void> {
    const { disk, path } = this.#options
    await disk.syncDirectory(path.slice(0, path.lastIndexOf('/')))
    this.#isNameSaved = true
  }

  #failed(error: unknown): void {
    if (!(error instanceof DiskError)) throw error
    if (this.#isFailureLogged) return
    this.#isFailureLogged = true
    const { logger, path } = this.#options
    logger.warn('how far metadata is durable was not noted; should its newest entry rot, that may be taken for a crash', { path, error })
  }

  #writeRecord(): void {
    this.#generation += 1
    const record = encodeRecord(this.#generation, this.#index, this.#options.crc32c)
    this.#opened().writeSync([record], (this.#generation % RECORDS) * RECORD_DISTANCE)
  }

  #opened(): DiskFile {
    const { disk, path } = this.#options
    this.#file ??= disk.open(path, { create: true })
    return this.#file
  }
}

interface MarkRecord {
  readonly generation: number
  readonly index: number
}

function newestOf({ disk, path, crc32c }: DurableMarkOptions): MarkRecord {
  const bytes = contentOf(disk, path)
  let newest: MarkRecord = { generation: 0, index: 0 }
  for (let position = 0; position + RECORD_BYTES <= bytes.length; position += RECORD_DISTANCE) {
    const record = decodeRecord(bytes.subarray(position, position + RECORD_BYTES), crc32c)
    if (record !== null && record.generation > newest.generation) newest = record
  }
  return newest
}

function contentOf(disk: Disk, path: string): Uint8Array {
  try {
    return disk.readFile(path)
  } catch (error) {
    if (error instanceof DiskError) return new Uint8Array(0)
    throw error
  }
}

function encodeRecord(generation: number, index: number, crc32c: Crc32c): Uint8Array {
  const bytes = new Uint8Array(RECORD_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set(MAGIC)
  view.setInt32(VERSION_POSITION, FORMAT_VERSION)
  view.setBigInt64(GENERATION_POSITION, BigInt(generation))
  view.setBigInt64(INDEX_POSITION, BigInt(index))
  view.setUint32(CRC_POSITION, crc32c(bytes.subarray(VERSION_POSITION)))
  return bytes
}

function decodeRecord(bytes: Uint8Array, crc32c: Crc32c): MarkRecord | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (MAGIC.some((byte, index) => bytes[index] !== byte)) return null
  if (view.getUint32(CRC_POSITION) !== crc32c(bytes.subarray(VERSION_POSITION))) return null
  if (view.getInt32(VERSION_POSITION) !== FORMAT_VERSION) return null
  return { generation: Number(view.getBigInt64(GENERATION_POSITION)), index: Number(view.getBigInt64(INDEX_POSITION)) }
}
