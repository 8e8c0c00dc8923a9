/**
 * Puts a compacted segment in the place of those that it was made from, so that after a crash at any moment the next start finds
 * either them or it:
 *
 * 1. its files are complete and durable as `.cleaned`: worthless, the originals count;
 * 2. its indexes become `.swap`, then its log: from the moment the log's new name is durable, it counts, and the next start
 *    removes what is left of the originals and finishes the renaming;
 * 3. the originals become `.deleted`, and readers are sent to the new segment;
 * 4. once the originals' names are durably gone, the new files get theirs.
 *
 * Each step is synced before the next, because a power cut may keep later renames and lose earlier ones.
 */
import { STORAGE_ERROR_CODES, StorageError, toStorageError } from '../errors.ts'
import { FILE_STATES, type FileState, pathInState } from '../file-names.ts'
import type { FileSlot } from '../file-pool.ts'
import type { LogEnvironment } from '../log-environment.ts'
import type { PartitionLog } from '../partition-log.ts'
import { removeNeedlessSnapshots } from '../producer-state/snapshot-files.ts'
import type { Segment } from '../segment.ts'
import { setSegmentAside } from '../segment-files.ts'
import type { CleanedSegment } from './cleaned-segment.ts'

/** Throws a `StorageError` when the log is no longer what the originals were taken from. */
export function assertUnchanged(log: PartitionLog, originals: readonly Original[]): void {
  const { directory } = log
  if (log.isClosed)
    throw new StorageError(STORAGE_ERROR_CODES.closed, directory, `the log in ${directory} was closed during its compaction`)
  const current = new Set(log.segments)
  if (originals.every(({ segment, sizeBytes }) => current.has(segment) && segment.sizeBytes === sizeBytes)) return
  throw new StorageError(STORAGE_ERROR_CODES.closed, directory, `segments in ${directory} were removed during their compaction`)
}

/** A segment as it was when its compaction began. */
export interface Original {
  readonly segment: Segment
  readonly sizeBytes: number
}

/**
 * `cuts` is how often the log had been cut when its compaction began. Rejects with a `StorageError`, or with the `DiskError` of what
 * failed before anything was replaced.
 */
export function putInPlace(
  environment: LogEnvironment,
  log: PartitionLog,
  originals: readonly Original[],
  cleaned: CleanedSegment,
  cuts: number,
): Promise<void> {
  // What is offered to the next start must not come back to a log that was cut meanwhile.
  return log.changeSegments(async () => {
    if (log.cuts === cuts) return replaceBy(environment, log, originals, cleaned)
    cleaned.discard()
    throw new StorageError(STORAGE_ERROR_CODES.closed, log.directory, `the log in ${log.directory} was cut during its compaction`)
  })
}

async function replaceBy(
  environment: LogEnvironment,
  log: PartitionLog,
  originals: readonly Original[],
  cleaned: CleanedSegment,
): Promise<void> {
  const { segment } = cleaned
  try {
    await offer(environment, log, originals, segment)
  } catch (error) {
    cleaned.discard()
    throw error
  }
  try {
    const replaced = originals.map((original) => original.segment)
    const aside = replaced.flatMap((original) => setSegmentAside(environment, original))
    log.segmentsReplaced(replaced, [segment])
    environment.removals.add(aside, log.config.fileDeleteDelayMs)
    await environment.disk.syncDirectory(log.directory)
    // Should the segment have been removed meanwhile, its files have other names, and keep them.
    for (const slot of segment.slots) if (slot.path.endsWith(FILE_STATES.swap)) rename(slot, '')
    removeNeedlessSnapshots(environment, log.directory, log.segments)
  } catch (error) {
    if (log.isClosed) return
    const reason = toStorageError(error, log.directory)
    const message = `a compacted segment could not be put in place, the next start will finish it: ${reason.message}`
    const final = new StorageError(STORAGE_ERROR_CODES.offline, log.directory, message, { cause: error })
    environment.fail(final)
    throw final
  }
}

/** Ends with the segment durably offered to the next start, and the originals still in use. */
async function offer({ disk }: LogEnvironment, log: PartitionLog, originals: readonly Original[], segment: Segment): Promise<void> {
  assertUnchanged(log, originals)
  for (const slot of segment.slots) if (slot !== segment.log) rename(slot, FILE_STATES.swap)
  await disk.syncDirectory(log.directory)
  assertUnchanged(log, originals)
  rename(segment.log, FILE_STATES.swap)
  await disk.syncDirectory(log.directory)
  assertUnchanged(log, originals)
}

function rename(slot: FileSlot, state: FileState | ''): void {
  slot.rename(pathInState(slot.path, state))
}
