/** How segments come into being on disk, are found there, and go. */
import type { LogEnvironment } from './log-environment.ts'
import { FILE_STATES, type FileState, pathInState, SEGMENT_SUFFIXES, segmentFileName, type SegmentSuffix } from './file-names.ts'
import type { FileSlot } from './file-pool.ts'
import { OffsetIndex } from './offset-index.ts'
import { Segment } from './segment.ts'
import { TimeIndex } from './time-index.ts'
import { TransactionIndex } from './transaction-index.ts'

export interface SegmentCreation {
  /** Compaction makes segments that are not part of the log yet. */
  readonly state: FileState | ''
  readonly createdMs: number
}

/** Makes the files of an empty segment. Throws a `DiskError`, and then leaves nothing behind that matters. */
export function createSegment(
  environment: LogEnvironment,
  directory: string,
  baseOffset: number,
  { state, createdMs }: SegmentCreation = { state: '', createdMs: environment.clock.now() },
): Segment {
  const slot = slotsOf(environment, directory, baseOffset, state)
  const segment = new Segment({
    baseOffset,
    log: slot(SEGMENT_SUFFIXES.log),
    offsetIndex: OffsetIndex.create(slot(SEGMENT_SUFFIXES.offsetIndex), baseOffset),
    timeIndex: TimeIndex.create(slot(SEGMENT_SUFFIXES.timeIndex), baseOffset),
    transactionIndex: TransactionIndex.create(slot(SEGMENT_SUFFIXES.transactionIndex)),
    createdMs,
  })
  segment.firstTimestamp = null
  const file = segment.log.use(true)
  if (file.size() > 0) file.truncate(0)
  return segment
}

/** A segment as its files are, nothing of them read. `sizes` has the size of each file of it that exists. */
export function foundSegment(
  environment: LogEnvironment,
  directory: string,
  baseOffset: number,
  sizes: ReadonlyMap<SegmentSuffix, number>,
): Segment {
  const slot = slotsOf(environment, directory, baseOffset)
  const size = (suffix: SegmentSuffix): number => sizes.get(suffix) ?? 0
  const logPath = `${directory}/${segmentFileName(baseOffset, SEGMENT_SUFFIXES.log)}`
  const segment = new Segment({
    baseOffset,
    log: slot(SEGMENT_SUFFIXES.log),
    offsetIndex: OffsetIndex.onDisk(slot(SEGMENT_SUFFIXES.offsetIndex), baseOffset, size(SEGMENT_SUFFIXES.offsetIndex)),
    timeIndex: TimeIndex.onDisk(slot(SEGMENT_SUFFIXES.timeIndex), baseOffset, size(SEGMENT_SUFFIXES.timeIndex)),
    transactionIndex: TransactionIndex.onDisk(slot(SEGMENT_SUFFIXES.transactionIndex), size(SEGMENT_SUFFIXES.transactionIndex)),
    createdMs: environment.disk.stat(logPath)?.modifiedMs ?? environment.clock.now(),
  })
  segment.sizeBytes = size(SEGMENT_SUFFIXES.log)
  return segment
}

/** Gives the files of a segment names that say that they are no longer part of the log. Readers that hold them read on. */
export function setSegmentAside(environment: LogEnvironment, segment: Segment): readonly FileSlot[] {
  const aside: FileSlot[] = []
  for (const slot of [...segment.slots, segment.transactionIndex.entries.slot]) {
    if (aside.includes(slot) || environment.disk.stat(slot.path) === null) continue
    slot.rename(pathInState(slot.path, FILE_STATES.deleted))
    aside.push(slot)
  }
  return aside
}

function slotsOf(
  environment: LogEnvironment,
  directory: string,
  baseOffset: number,
  state: FileState | '' = '',
): (suffix: SegmentSuffix) => FileSlot {
  return (suffix) => environment.files.slot(`${directory}/${segmentFileName(baseOffset, suffix, state)}`)
}
