/**
 * The files of a partition directory, put in order before anything of them is read: what a deletion left goes, an unfinished
 * compaction is undone, a finished one is completed, files without a segment go.
 *
 * A compacted segment counts from the moment its log is called `.swap`: it was durable before. Its log gets its own name first, and
 * only once what it replaces is durably gone: until then indexes without a state are the old ones, from then on the new ones.
 */
import { batchLastOffset } from '@millrace/protocol'
import { BatchScanner } from '../batch-scanner.ts'
import { LogCorruptError } from '../errors.ts'
import {
  FILE_STATES,
  parseSegmentFileName,
  SEGMENT_SUFFIXES,
  type SegmentFileName,
  type SegmentSuffix,
  segmentFileName,
} from '../file-names.ts'
import type { LogEnvironment } from '../log-environment.ts'

/** Sizes of the files of each segment, by base offset, ascending. */
export type SegmentSizes = ReadonlyMap<number, ReadonlyMap<SegmentSuffix, number>>

interface FoundFile extends SegmentFileName {
  readonly path: string
}

/** Returns what is left, and whether anything was changed. Rejects with a `LogCorruptError` for a damaged `.swap`. */
export async function tidyPartitionFiles(
  environment: LogEnvironment,
  directory: string,
): Promise<{ readonly segments: SegmentSizes; readonly isChanged: boolean }> {
  const { disk } = environment
  let isChanged = false
  const remove = ({ path }: FoundFile): void => {
    disk.removeFile(path)
    isChanged = true
  }
  const files = filesOf(environment, directory)
  const { swap, cleaned, deleted } = FILE_STATES
  const logIn = (state: FoundFile['state'], offset: number): FoundFile | undefined =>
    files.find((file) => file.state === state && file.suffix === SEGMENT_SUFFIXES.log && file.offset === offset)

  const swapped = files.filter(({ state, suffix }) => state === swap && suffix === SEGMENT_SUFFIXES.log)
  for (const file of swapped) {
    await completeSwap(environment, directory, file)
    isChanged = true
  }
  for (const file of files) {
    if (file.state !== swap || logIn(swap, file.offset) !== undefined) continue
    // Its log was not complete yet, or has its own name already.
    if (logIn(cleaned, file.offset) !== undefined || logIn('', file.offset) === undefined) remove(file)
    else disk.rename(file.path, `${directory}/${segmentFileName(file.offset, file.suffix)}`)
    isChanged = true
  }
  // The log of an unfinished compaction goes last: while it is there, what belongs to it is known for what it is.
  const isCleanedLog = ({ state, suffix }: FoundFile): boolean => state === cleaned && suffix === SEGMENT_SUFFIXES.log
  for (const file of files) if ((file.state === deleted || file.state === cleaned) && !isCleanedLog(file)) remove(file)
  for (const file of files) if (isCleanedLog(file)) remove(file)

  const segments = new Map<number, Map<SegmentSuffix, number>>()
  for (const { path, offset, suffix } of filesOf(environment, directory)) {
    if (suffix === SEGMENT_SUFFIXES.snapshot) continue
    const sizes = segments.get(offset) ?? new Map<SegmentSuffix, number>()
    sizes.set(suffix, disk.stat(path)?.sizeBytes ?? 0)
    segments.set(offset, sizes)
  }
  for (const [baseOffset, sizes] of segments) {
    if (sizes.has(SEGMENT_SUFFIXES.log)) continue
    for (const suffix of sizes.keys()) disk.removeFile(`${directory}/${segmentFileName(baseOffset, suffix)}`)
    segments.delete(baseOffset)
    isChanged = true
  }
  return { segments, isChanged }
}

/** By offset, as names sort. */
function filesOf({ disk }: LogEnvironment, directory: string): FoundFile[] {
  const found: FoundFile[] = []
  for (const { name, isDirectory } of disk.list(directory)) {
    const parsed = isDirectory ? null : parseSegmentFileName(name)
    if (parsed !== null) found.push({ ...parsed, path: `${directory}/${name}` })
  }
  return found
}

/** What the compacted segment was made from goes, and it takes the place. */
async function completeSwap(environment: LogEnvironment, directory: string, { path, offset: baseOffset }: FoundFile): Promise<void> {
  const { disk } = environment
  const endOffset = await endOfCompacted(environment, path, baseOffset)
  for (const file of filesOf(environment, directory)) {
    if (file.state !== '' || file.suffix === SEGMENT_SUFFIXES.snapshot) continue
    if (file.offset === baseOffset || (file.offset > baseOffset && file.offset < endOffset)) disk.removeFile(file.path)
  }
  await disk.syncDirectory(directory)
  const { log, offsetIndex, timeIndex, transactionIndex } = SEGMENT_SUFFIXES
  for (const suffix of [log, offsetIndex, timeIndex, transactionIndex]) {
    const from = `${directory}/${segmentFileName(baseOffset, suffix, FILE_STATES.swap)}`
    if (disk.stat(from) !== null) disk.rename(from, `${directory}/${segmentFileName(baseOffset, suffix)}`)
  }
}

/** Nothing it was made from may go before it is known to be whole. */
async function endOfCompacted({ files, crc32c }: LogEnvironment, path: string, baseOffset: number): Promise<number> {
  const slot = files.slot(path)
  const { file, release } = slot.hold()
  try {
    let endOffset = baseOffset
    const scanner = new BatchScanner({ file, from: 0, to: file.size(), isWhole: false, crc32c, minOffset: baseOffset })
    for (let next = scanner.next(); typeof next === 'boolean' ? next : await next; next = scanner.next()) {
      endOffset = batchLastOffset(scanner.bytes, scanner.at) + 1
    }
    if (scanner.damage !== null) throw new LogCorruptError(path, scanner.endPosition, scanner.damage)
    return endOffset
  } finally {
    release()
    slot.close()
  }
}
