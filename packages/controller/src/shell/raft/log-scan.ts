/**
 * Reads the whole of Raft's log as it lies on the disk, before anybody has opened it: what the log package would cut off by
 * itself is first looked at here. Every byte is checked.
 *
 * Damage is told apart by what comes after it. A write that a crash has torn is the last one: nothing was written before it
 * was durable. So where a whole entry of a later write follows, the damage came later, and durable entries are lost. Nor does a
 * crash put a whole entry where it does not belong; but where a sector ends within an entry's offset, which the checksum does not
 * cover, a crash may leave zeros for the beginning of the offset, and the rest as it was written.
 */
import { BATCH_HEADER_BYTES, batchBaseOffset, batchSizeInBytes, MAGIC } from '@millrace/protocol'
import type { Disk, DiskFile } from '@millrace/runtime'
import type { LogPosition, Membership } from 'raft-ts'
import { METADATA_STORAGE_ERROR_CODES, MetadataStorageError, reasonOf } from '../errors.ts'
import { decodeEntry, hasRightChecksum, type StoredEntry } from './entry-codec.ts'

const WINDOW_BYTES = 1024 * 1024
/** No entry that was ever written is larger. */
const ENTRY_BYTES_MAX = 64 * 1024 * 1024
const MAGIC_POSITION = 16
const SEGMENT_NAME = /^(\d{20})\.log$/

export interface ScannedLog {
  /** Of the first entry, or of the one that would be the first. */
  readonly firstIndex: number
  readonly lastIndex: number
  /** Term of the last entry; -1 without one. */
  readonly lastTerm: number
  readonly termStarts: readonly LogPosition[]
  readonly memberships: readonly { readonly index: number; readonly membership: Membership }[]
  readonly sizeBytes: number
  /** Where the log ends although its files go on; null when it does not. */
  readonly damage: LogDamage | null
}

export interface LogDamage {
  /** The segment file that is bad from `position` on. */
  readonly path: string
  readonly position: number
  /** Index of the entry that should be there. */
  readonly index: number
  readonly reason: string
  /** No later write follows: a crash can have left it. */
  readonly isTornWrite: boolean
  /** Segments after it. */
  readonly laterPaths: readonly string[]
}

interface SegmentFile {
  readonly path: string
  readonly baseOffset: number
  readonly sizeBytes: number
}

type Crc32c = (bytes: Uint8Array) => number

/** Rejects with a `DiskError`, and with a `MetadataStorageError` for entries of a newer version. */
export async function scanLog(disk: Disk, directory: string, crc32c: Crc32c): Promise<ScannedLog> {
  const segments = segmentsIn(disk, directory)
  const firstIndex = (segments[0]?.baseOffset ?? 0) + 1
  const termStarts: LogPosition[] = []
  const memberships: { index: number; membership: Membership }[] = []
  let lastIndex = firstIndex - 1
  let lastTerm = -1
  let sizeBytes = 0
  for (const [place, segment] of segments.entries()) {
    // A segment that a roll began and nothing was written to says nothing.
    if (segment.sizeBytes === 0) continue
    const nextOffset = (): number => lastIndex
    const problem = await scanSegment(disk, segment, { crc32c, nextOffset }, ({ entry, sizeBytes: entryBytes }) => {
      const { index, term } = entry
      if (index !== lastIndex + 1) return `an entry has index ${index} where ${lastIndex + 1} is next`
      if (term < lastTerm) return `an entry of epoch ${term} comes after one of ${lastTerm}`
      if (term > lastTerm) termStarts.push({ index, term })
      if (entry.type === 'membership') memberships.push({ index, membership: entry.membership })
      lastIndex = index
      lastTerm = term
      sizeBytes += entryBytes
      return null
    })
    if (problem === null) continue
    const later = segments.slice(place + 1)
    const damagedIndex = lastIndex + 1
    const isTornWrite =
      !problem.isWhole && (await isLastWrite(disk, [{ segment, from: problem.position }, ...later.map(fromStart)], damagedIndex, crc32c))
    const { position, reason } = problem
    const damage = { path: segment.path, position, reason, index: damagedIndex, isTornWrite, laterPaths: later.map(({ path }) => path) }
    return { firstIndex, lastIndex, lastTerm, termStarts, memberships, sizeBytes, damage }
  }
  return { firstIndex, lastIndex, lastTerm, termStarts, memberships, sizeBytes, damage: null }
}

function segmentsIn(disk: Disk, directory: string): readonly SegmentFile[] {
  if (disk.stat(directory) === null) return []
  const segments: SegmentFile[] = []
  for (const { name } of disk.list(directory)) {
    const path = `${directory}/${name}`
    const baseOffset = SEGMENT_NAME.exec(name)?.[1]
    if (baseOffset !== undefined) segments.push({ path, baseOffset: Number(baseOffset), sizeBytes: disk.stat(path)?.sizeBytes ?? 0 })
  }
  return segments.sort((left, right) => left.baseOffset - right.baseOffset)
}

function fromStart(segment: SegmentFile): { readonly segment: SegmentFile; readonly from: number } {
  return { segment, from: 0 }
}

interface EntryProblem {
  readonly position: number
  readonly reason: string
  /** What is there is what somebody wrote. */
  readonly isWhole: boolean
}

interface ScanState {
  readonly crc32c: Crc32c
  /** Where the entry that is next belongs. */
  nextOffset(): number
}

/** Where and why the entries end before the file does; null when they do not. `take` says what is wrong with an entry. */
async function scanSegment(
  disk: Disk,
  { path, sizeBytes }: SegmentFile,
  { crc32c, nextOffset }: ScanState,
  take: (stored: StoredEntry) => string | null,
): Promise<EntryProblem | null> {
  const file = disk.open(path)
  try {
    const window = new FileWindow(file, sizeBytes)
    let position = 0
    while (position < sizeBytes) {
      const header = await window.bytes(position, BATCH_HEADER_BYTES)
      const entryBytes = header === null ? BATCH_HEADER_BYTES : batchSizeInBytes(header, 0)
      if (!isPlausible(entryBytes)) return { position, reason: `an entry says that it has ${entryBytes} bytes`, isWhole: false }
      const batch = header === null ? null : await window.bytes(position, entryBytes)
      if (batch === null) return { position, reason: 'the file ends within an entry', isWhole: false }
      const stored = decodedOrReason(batch, 0, crc32c)
      const reason = typeof stored === 'string' ? stored : take(stored)
      if (reason !== null) {
        const isWhole = typeof stored !== 'string' || (hasRightChecksum(batch, crc32c) && batchBaseOffset(batch, 0) >= nextOffset())
        return { position, reason, isWhole }
      }
      position += entryBytes
    }
    return null
  } finally {
    file.close()
  }
}

/** Whether nothing that is whole in these files was written after the write that the entry with this index was part of. */
async function isLastWrite(
  disk: Disk,
  places: readonly { readonly segment: SegmentFile; readonly from: number }[],
  index: number,
  crc32c: Crc32c,
): Promise<boolean> {
  for (const { segment, from } of places) {
    const bytes = new Uint8Array(Math.max(0, segment.sizeBytes - from))
    const file = disk.open(segment.path)
    try {
      if ((await file.read(bytes, from)) < bytes.length) return false
    } finally {
      file.close()
    }
    if (holdsLaterWrite(bytes, index, crc32c)) return false
  }
  return true
}

/** An entry may begin at any byte, since what comes before it is damaged. */
function holdsLaterWrite(bytes: Uint8Array, index: number, crc32c: Crc32c): boolean {
  let position = 0
  while (position + BATCH_HEADER_BYTES <= bytes.length) {
    const sizeBytes = bytes[position + MAGIC_POSITION] === MAGIC ? batchSizeInBytes(bytes, position) : 0
    const isThere = isPlausible(sizeBytes) && position + sizeBytes <= bytes.length
    const writeIndex = isThere ? writeIndexAt(bytes, position, crc32c) : null
    if (writeIndex !== null && writeIndex > index) return true
    position += writeIndex === null ? 1 : sizeBytes
  }
  return false
}

/** Infinity for an entry that only a newer version can read: it is whole. */
function writeIndexAt(bytes: Uint8Array, position: number, crc32c: Crc32c): number | null {
  try {
    return decodeEntry(bytes, position, crc32c).writeIndex
  } catch (error) {
    return isNewer(error) ? Number.POSITIVE_INFINITY : null
  }
}

function decodedOrReason(bytes: Uint8Array, position: number, crc32c: Crc32c): StoredEntry | string {
  try {
    return decodeEntry(bytes, position, crc32c)
  } catch (error) {
    if (isNewer(error)) throw error
    return reasonOf(error)
  }
}

function isNewer(error: unknown): boolean {
  return error instanceof MetadataStorageError && error.code === METADATA_STORAGE_ERROR_CODES.newerVersion
}

function isPlausible(sizeBytes: number): boolean {
  return sizeBytes >= BATCH_HEADER_BYTES && sizeBytes <= ENTRY_BYTES_MAX
}

/** Reads a file from its beginning to its end in large pieces. */
class FileWindow {
  readonly #file: DiskFile
  readonly #sizeBytes: number
  #bytes = new Uint8Array(0)
  #position = 0

  constructor(file: DiskFile, sizeBytes: number) {
    this.#file = file
    this.#sizeBytes = sizeBytes
  }

  /** A view that the next call may make worthless; null where the file ends before. */
  async bytes(position: number, length: number): Promise<Uint8Array | null> {
    if (position + length > this.#sizeBytes) return null
    if (position < this.#position || position + length > this.#position + this.#bytes.length) {
      const bytes = new Uint8Array(Math.min(Math.max(length, WINDOW_BYTES), this.#sizeBytes - position))
      this.#bytes = bytes.subarray(0, await this.#file.read(bytes, position))
      this.#position = position
      if (this.#bytes.length < length) return null
    }
    const from = position - this.#position
    return this.#bytes.subarray(from, from + length)
  }
}
