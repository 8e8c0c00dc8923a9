/**
 * A disk that a killed node can use no more. What was under way when it died is waited for before its descriptors are closed: the
 * operating system gives their numbers to the next file that is opened.
 */
import {
  type DirectoryEntry,
  type Disk,
  DISK_ERROR_CODES,
  DiskError,
  type DiskFile,
  type DiskLock,
  type FileStatus,
  type OpenOptions,
} from '@millrace/runtime'

export class MortalDisk implements Disk {
  readonly #disk: Disk
  readonly #life = new DiskLife()
  readonly #files = new Set<MortalFile>()
  readonly #locks = new Set<DiskLock>()

  constructor(disk: Disk) {
    this.#disk = disk
  }

  open(path: string, options?: OpenOptions): DiskFile {
    this.#life.assert(path)
    const file = new MortalFile(this.#disk.open(path, options), this.#life, () => this.#files.delete(file))
    this.#files.add(file)
    return file
  }

  readFile(path: string): Uint8Array {
    this.#life.assert(path)
    return this.#disk.readFile(path)
  }

  replaceFile(path: string, content: Uint8Array): Promise<void> {
    return this.#life.during(path, () => this.#disk.replaceFile(path, content))
  }

  list(directory: string): readonly DirectoryEntry[] {
    this.#life.assert(directory)
    return this.#disk.list(directory)
  }

  stat(path: string): FileStatus | null {
    this.#life.assert(path)
    return this.#disk.stat(path)
  }

  createDirectory(path: string): void {
    this.#life.assert(path)
    this.#disk.createDirectory(path)
  }

  rename(from: string, to: string): void {
    this.#life.assert(from)
    this.#disk.rename(from, to)
  }

  removeFile(path: string): void {
    this.#life.assert(path)
    this.#disk.removeFile(path)
  }

  removeDirectory(path: string): void {
    this.#life.assert(path)
    this.#disk.removeDirectory(path)
  }

  syncDirectory(path: string): Promise<void> {
    return this.#life.during(path, () => this.#disk.syncDirectory(path))
  }

  lock(path: string): DiskLock {
    this.#life.assert(path)
    const held = this.#disk.lock(path)
    this.#locks.add(held)
    return {
      release: () => {
        if (this.#locks.delete(held)) held.release()
      },
    }
  }

  space(path: string): { readonly freeBytes: number; readonly totalBytes: number } | null {
    this.#life.assert(path)
    return this.#disk.space(path)
  }

  async die(): Promise<void> {
    await this.#life.end()
    for (const file of this.#files) file.close()
    for (const held of this.#locks) held.release()
    this.#locks.clear()
  }
}

/** Whether the node lives, and what it has under way. */
class DiskLife {
  readonly #underWay = new Set<Promise<unknown>>()
  #isOver = false

  assert(path: string): void {
    if (this.#isOver) throw new DiskError(DISK_ERROR_CODES.failed, path, 'this node was killed')
  }

  /** Rejects after death also what succeeded, as a dead process learns of nothing. */
  async during<Result>(path: string, run: () => Promise<Result>): Promise<Result> {
    this.assert(path)
    const operation = run()
    const settled = operation.catch(() => {})
    this.#underWay.add(settled)
    try {
      return await operation
    } finally {
      this.#underWay.delete(settled)
      this.assert(path)
    }
  }

  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#underWay)
  }
}

class MortalFile implements DiskFile {
  readonly path: string
  readonly #file: DiskFile
  readonly #life: DiskLife
  readonly #onClosed: () => void

  constructor(file: DiskFile, life: DiskLife, onClosed: () => void) {
    this.path = file.path
    this.#file = file
    this.#life = life
    this.#onClosed = onClosed
  }

  get descriptor(): number | null {
    return this.#file.descriptor
  }

  size(): number {
    this.#life.assert(this.path)
    return this.#file.size()
  }

  readSync(into: Uint8Array, position: number): number {
    this.#life.assert(this.path)
    return this.#file.readSync(into, position)
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.#life.during(this.path, () => this.#file.read(into, position))
  }

  writeSync(chunks: readonly Uint8Array[], position: number): number {
    this.#life.assert(this.path)
    return this.#file.writeSync(chunks, position)
  }

  write(chunks: readonly Uint8Array[], position: number): Promise<number> {
    return this.#life.during(this.path, () => this.#file.write(chunks, position))
  }

  truncate(sizeBytes: number): void {
    this.#life.assert(this.path)
    this.#file.truncate(sizeBytes)
  }

  sync(): Promise<void> {
    return this.#life.during(this.path, () => this.#file.sync())
  }

  close(): void {
    this.#onClosed()
    this.#file.close()
  }
}
