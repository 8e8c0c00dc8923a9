/**
 * The files of a partition directory, put in order before anything of them is read: what a deletion left goes, an unfinished
 * compaction is undone, a finished one is completed, files without a segment go.
 */
import { batchLastOffset } from '@millrace/protocol'
import { BatchScanner } from '../batch-scanner.ts'
import { FILE_STATES, parseSegmentFileName, SEGMENT_SUFFIXES, type SegmentSuffix, segmentFileName } from '../file-names.ts'
import type { LogEnvironment } from '../log-environment.ts'

/** Sizes of the files of each segment, by base offset, ascending. */
export type SegmentSizes = ReadonlyMap<number, ReadonlyMap<SegmentSuffix, number>>

/** Returns what is left, and whether anything was changed. */
export async function tidyPartitionFiles(
  environment: LogEnvironment,
  directory: string,
): Promise<{ readonly segments: SegmentSizes; readonly isChanged: boolean }> {
  const { disk } = environment
  let isChanged = false
  const swapped: number[] = []
  for (const { name } of disk.list(directory)) {
    const parsed = parseSegmentFileName(name)
    if (parsed === null) continue
    if (parsed.state === FILE_STATES.deleted || parsed.state === FILE_STATES.cleaned) {
      disk.removeFile(`${directory}/${name}`)
      isChanged = true
    } else if (parsed.state === FILE_STATES.swap && parsed.suffix === SEGMENT_SUFFIXES.log) swapped.push(parsed.offset)
  }
  for (const baseOffset of swapped) {
    await completeSwap(environment, directory, baseOffset)
    isChanged = true
  }
  const segments = new Map<number, Map<SegmentSuffix, number>>()
  for (const { name } of disk.list(directory)) {
    const parsed = parseSegmentFileName(name)
    if (parsed === null || parsed.suffix === SEGMENT_SUFFIXES.snapshot) continue
    if (parsed.state !== '') {
      disk.removeFile(`${directory}/${name}`)
      continue
    }
    const sizes = segments.get(parsed.offset) ?? new Map<SegmentSuffix, number>()
    sizes.set(parsed.suffix, disk.stat(`${directory}/${name}`)?.sizeBytes ?? 0)
    segments.set(parsed.offset, sizes)
  }
  for (const [baseOffset, sizes] of segments) {
    if (sizes.has(SEGMENT_SUFFIXES.log)) continue
    for (const suffix of sizes.keys()) disk.removeFile(`${directory}/${segmentFileName(baseOffset, suffix)}`)
    segments.delete(baseOffset)
    isChanged = true
  }
  return { segments, isChanged }
}

/** The compacted segment is complete, so what it was made from goes and it takes the place. */
async function completeSwap(environment: LogEnvironment, directory: string, baseOffset: number): Promise<void> {
  const { disk, files } = environment
  const path = (offset: number, suffix: SegmentSuffix, state: '' | '.swap'): string =>
    `${directory}/${segmentFileName(offset, suffix, state)}`
  const slot = files.slot(path(baseOffset, SEGMENT_SUFFIXES.log, FILE_STATES.swap))
  let endOffset = baseOffset
  const scanner = new BatchScanner({ file: slot.use(), from: 0, to: slot.use().size(), isWhole: false })
  for (let next = scanner.next(); typeof next === 'boolean' ? next : await next; next = scanner.next()) {
    endOffset = batchLastOffset(scanner.bytes, scanner.at) + 1
  }
  slot.close()
  for (const { name } of disk.list(directory)) {
    const parsed = parseSegmentFileName(name)
    if (parsed === null || parsed.state !== '' || parsed.suffix === SEGMENT_SUFFIXES.snapshot) continue
    if (parsed.offset >= baseOffset && (parsed.offset < endOffset || parsed.offset === baseOffset)) disk.removeFile(`${directory}/${name}`)
  }
  for (const suffix of Object.values(SEGMENT_SUFFIXES)) {
    const from = path(baseOffset, suffix, FILE_STATES.swap)
    if (disk.stat(from) !== null) disk.rename(from, path(baseOffset, suffix, ''))
  }
}
