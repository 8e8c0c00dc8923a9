/** A disk whose machine loses its power at the n-th thing that is done to it. */
import { type Disk, DISK_ERROR_CODES, DiskError, type DiskFile, type MemoryDisk, type Random } from '@millrace/runtime'

export interface DyingDisk extends Disk {
  /** How many things were done to it so far. */
  readonly steps: number
  readonly isDead: boolean
}

/** What is torn then, and how, is up to `random`. */
export function dyingDisk(disk: MemoryDisk, random: Random, diesAtStep: number): DyingDisk {
  let steps = 0
  let isDead = false
  const step = (path: string): void => {
    if (!isDead) steps += 1
    if (!isDead && steps === diesAtStep) {
      isDead = true
      disk.losePower(random)
    }
    if (isDead) throw new DiskError(DISK_ERROR_CODES.failed, path, `the power is gone: ${path}`)
  }
  const fileOf = (file: DiskFile): DiskFile => ({
    path: file.path,
    descriptor: null,
    size: () => file.size(),
    readSync: (into, position) => file.readSync(into, position),
    read: (into, position) => file.read(into, position),
    writeSync: (chunks, position) => {
      step(file.path)
      return file.writeSync(chunks, position)
    },
    write: async (chunks, position) => {
      step(file.path)
      return file.write(chunks, position)
    },
    truncate: (sizeBytes) => {
      step(file.path)
      file.truncate(sizeBytes)
    },
    sync: async () => {
      step(file.path)
      await file.sync()
      // The device has it, and nobody was told.
      step(file.path)
    },
    close: () => file.close(),
  })
  const stepping =
    <Arguments extends readonly [string, ...unknown[]], Result>(work: (...args: Arguments) => Result) =>
    (...args: Arguments): Result => {
      step(args[0])
      return work(...args)
    }
  return {
    get steps() {
      return steps
    },
    get isDead() {
      return isDead
    },
    open: (path, options) => {
      if (options?.create === true) step(path)
      return fileOf(disk.open(path, options))
    },
    readFile: (path) => disk.readFile(path),
    replaceFile: async (path, content) => {
      step(path)
      await disk.replaceFile(path, content)
      step(path)
    },
    list: (directory) => disk.list(directory),
    stat: (path) => disk.stat(path),
    createDirectory: stepping((path: string) => disk.createDirectory(path)),
    rename: stepping((from: string, to: string) => disk.rename(from, to)),
    removeFile: stepping((path: string) => disk.removeFile(path)),
    removeDirectory: stepping((path: string) => disk.removeDirectory(path)),
    syncDirectory: async (path) => {
      step(path)
      await disk.syncDirectory(path)
      step(path)
    },
    lock: (path) => disk.lock(path),
    space: (path) => disk.space(path),
  }
}
