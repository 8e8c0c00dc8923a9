/** Damage done to files of a memory disk, and a look at what is there. */
import { createMemoryDisk, type Disk, type MemoryDisk } from '@millrace/runtime'
import { type SegmentSuffix, segmentFileName } from '../file-names.ts'
import { PARTITION_PATH } from './log-fixture.ts'

export function segmentPath(baseOffset: number, suffix: SegmentSuffix): string {
  return `${PARTITION_PATH}/${segmentFileName(baseOffset, suffix)}`
}

export function writeFile(disk: Disk, path: string, content: Uint8Array): void {
  const file = disk.open(path, { create: true })
  file.truncate(0)
  if (content.length > 0) file.writeSync([content], 0)
  file.close()
}

export function cutFile(disk: Disk, path: string, sizeBytes: number): void {
  const file = disk.open(path)
  file.truncate(sizeBytes)
  file.close()
}

export function overwrite(disk: Disk, path: string, position: number, bytes: Uint8Array): void {
  const file = disk.open(path)
  file.writeSync([bytes], position)
  file.close()
}

export function appendTo(disk: Disk, path: string, bytes: Uint8Array): void {
  overwrite(disk, path, disk.stat(path)?.sizeBytes ?? 0, bytes)
}

/** Inverts bits of one byte. */
export function flip(disk: Disk, path: string, position: number, mask = 0xff): void {
  const byte = disk.readFile(path)[position] as number
  overwrite(disk, path, position, Uint8Array.of(byte ^ mask))
}

export function zeroFill(disk: Disk, path: string): void {
  writeFile(disk, path, new Uint8Array(disk.stat(path)?.sizeBytes ?? 0))
}

/** Names in the partition's directory. */
export function namesIn(disk: Disk, directory = PARTITION_PATH): string[] {
  return disk.list(directory).map(({ name }) => name)
}

/** Another disk with the same files, to be damaged in another way. */
export function copyOf(disk: Disk): MemoryDisk {
  const copy = createMemoryDisk()
  copyDirectory(disk, copy, '')
  return copy
}

function copyDirectory(from: Disk, to: Disk, path: string): void {
  for (const { name, isDirectory } of from.list(`${path}/`)) {
    const inner = `${path}/${name}`
    if (!isDirectory) writeFile(to, inner, from.readFile(inner))
    else {
      to.createDirectory(inner)
      copyDirectory(from, to, inner)
    }
  }
}
