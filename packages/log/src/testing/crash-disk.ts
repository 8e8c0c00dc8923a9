/**
 * A memory disk that knows what a power cut could leave of it: contents as they were when last synced or as they are, and of the
 * changes of names since a directory was synced any part, not even in order. A process that is merely killed leaves all of it.
 */
import { createMemoryDisk, type Disk, type DiskFile, type MemoryDisk } from '@millrace/runtime'

interface Inode {
  /** Open as long as the disk lives, so that it can be read when it has no name any more. */
  readonly file: DiskFile
  durable: Uint8Array
}

type Names = Map<string, Inode>

interface NameChange {
  readonly directory: string
  apply(names: Names): void
}

export interface CrashDisk {
  readonly disk: MemoryDisk
  /** Called before every change of names and every sync. */
  onStep: () => void
  /** What the next start finds. `isKept` is asked for each change that was not synced; all are kept without it. */
  image(isKept?: () => boolean): MemoryDisk
}

export function createCrashDisk(): CrashDisk {
  const inner = createMemoryDisk()
  const names: Names = new Map()
  const durableNames: Names = new Map()
  const directories = new Set<string>()
  let changes: NameChange[] = []

  const change = (path: string, apply: (names: Names) => void): void => {
    apply(names)
    changes.push({ directory: parentOf(path), apply })
  }
  const inodeAt = (path: string): Inode => {
    let inode = names.get(path)
    if (inode === undefined) {
      const made: Inode = { file: inner.open(path), durable: new Uint8Array(0) }
      inode = made
      change(path, (all) => void all.set(path, made))
    }
    return inode
  }

  const overrides: Partial<Disk> = {
    open(path, options) {
      if (options?.create === true && !names.has(path)) crashDisk.onStep()
      const file = inner.open(path, options)
      return withSync(file, inodeAt(path), () => crashDisk.onStep())
    },
    async replaceFile(path, content) {
      crashDisk.onStep()
      await inner.replaceFile(path, content)
      const inode: Inode = { file: inner.open(path), durable: content.slice() }
      names.set(path, inode)
      durableNames.set(path, inode)
    },
    createDirectory(path) {
      inner.createDirectory(path)
      directories.add(path)
    },
    rename(from, to) {
      crashDisk.onStep()
      inner.rename(from, to)
      change(from, (all) => {
        const inode = all.get(from)
        if (inode === undefined) return
        all.delete(from)
        all.set(to, inode)
      })
    },
    removeFile(path) {
      crashDisk.onStep()
      inner.removeFile(path)
      if (names.has(path)) change(path, (all) => void all.delete(path))
    },
    async syncDirectory(path) {
      crashDisk.onStep()
      await inner.syncDirectory(path)
      for (const name of durableNames.keys()) if (parentOf(name) === path && !names.has(name)) durableNames.delete(name)
      for (const [name, inode] of names) if (parentOf(name) === path) durableNames.set(name, inode)
      changes = changes.filter(({ directory }) => directory !== path)
    },
  }
  const disk = new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(overrides, name) ?? Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const crashDisk: CrashDisk = {
    disk,
    onStep: () => {},
    image(isKept = () => true) {
      const left = new Map(durableNames)
      for (const { apply } of changes) if (isKept()) apply(left)
      const image = createMemoryDisk()
      for (const directory of directories) image.createDirectory(directory)
      for (const [path, inode] of left) image.open(path, { create: true }).writeSync([isKept() ? contentOf(inode.file) : inode.durable], 0)
      return image
    },
  }
  return crashDisk
}

function withSync(file: DiskFile, inode: Inode, onStep: () => void): DiskFile {
  return new Proxy(file, {
    get(target, name) {
      if (name === 'sync') {
        return async () => {
          onStep()
          await target.sync()
          inode.durable = contentOf(inode.file)
        }
      }
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function contentOf(file: DiskFile): Uint8Array {
  const bytes = new Uint8Array(file.size())
  file.readSync(bytes, 0)
  return bytes
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}
