/** The producer snapshots of a log on disk, named by the offset after the last record that they cover. */
import type { LogEnvironment } from '../log-environment.ts'
import { parseSegmentFileName, SEGMENT_SUFFIXES, segmentFileName } from '../file-names.ts'
import type { FileSlot } from '../file-pool.ts'
import type { SegmentList } from '../segment-list.ts'
import type { ProducerEntry } from './producer-entry.ts'
import { decodeProducerSnapshot, encodeProducerSnapshot } from './producer-snapshot.ts'
import type { ProducerState } from './producer-state.ts'

/** Writes the state as of `offset`, not synced. A log without producers gets one too: that there are none is worth knowing. */
export function writeSnapshot(environment: LogEnvironment, directory: string, offset: number, producers: ProducerState): FileSlot {
  const content = encodeProducerSnapshot(producers.entries(), environment.crc32c)
  const slot = snapshotSlot(environment, directory, offset)
  const file = slot.use(true)
  file.writeSync([content], 0)
  if (file.size() > content.length) file.truncate(content.length)
  return slot
}

export function snapshotSlot({ files }: LogEnvironment, directory: string, offset: number): FileSlot {
  return files.slot(`${directory}/${segmentFileName(offset, SEGMENT_SUFFIXES.snapshot)}`)
}

/** Offsets of the snapshots there are, ascending. */
export function listSnapshots(environment: LogEnvironment, directory: string): number[] {
  const offsets: number[] = []
  for (const { name } of environment.disk.list(directory)) {
    const parsed = parseSegmentFileName(name)
    if (parsed !== null && parsed.suffix === SEGMENT_SUFFIXES.snapshot && parsed.state === '') offsets.push(parsed.offset)
  }
  return offsets
}

/** Null for a snapshot that is damaged. */
export function readSnapshot(environment: LogEnvironment, directory: string, offset: number): readonly ProducerEntry[] | null {
  const bytes = environment.disk.readFile(`${directory}/${segmentFileName(offset, SEGMENT_SUFFIXES.snapshot)}`)
  return decodeProducerSnapshot(bytes, environment.crc32c)
}

/** Whether the snapshot at that offset is there and tells of these producers what they are now. */
export function isSnapshotOf(environment: LogEnvironment, directory: string, offset: number, producers: ProducerState): boolean {
  const { crc32c } = environment
  const entries = readSnapshot(environment, directory, offset)
  if (entries === null || entries.length !== producers.count) return false
  const byId = (a: ProducerEntry, b: ProducerEntry): number => a.producerId - b.producerId
  const [found, expected] = [entries, [...producers.entries()]].map((all) => encodeProducerSnapshot(all.toSorted(byId), crc32c))
  return found !== undefined && found.length === expected?.length && found.every((byte, index) => byte === expected[index])
}

export function removeSnapshot(environment: LogEnvironment, directory: string, offset: number): void {
  environment.disk.removeFile(`${directory}/${segmentFileName(offset, SEGMENT_SUFFIXES.snapshot)}`)
}

/** Keeps the snapshots at which a segment begins, and the newest two: the last may not be durable yet. */
export function removeNeedlessSnapshots(environment: LogEnvironment, directory: string, segments: SegmentList): void {
  const needed = new Set([...segments].map(({ baseOffset }) => baseOffset))
  const offsets = listSnapshots(environment, directory)
  for (const offset of offsets.slice(0, -2)) if (!needed.has(offset)) removeSnapshot(environment, directory, offset)
}
