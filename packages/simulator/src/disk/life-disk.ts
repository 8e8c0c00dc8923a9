/**
 * The disk port of one life of one process. Calls that wait for a device take their time; each has its effect at one moment and
 * is answered at a later one, and the process may be gone in between.
 */
import {
  DISK_ERROR_CODES,
  type DirectoryEntry,
  type Disk,
  DiskError,
  type DiskFile,
  type DiskLock,
  type FileStatus,
  type OpenOptions,
} from '@millrace/runtime'
import { CrashedError, type Life } from '../core/life.ts'
import type { RandomStream } from '../core/random-streams.ts'
import type { Scheduler } from '../core/scheduler.ts'
import type { DiskOperation, HostDisk } from './host-disk.ts'

export class LifeDisk implements Disk {
  readonly host: HostDisk
  readonly #life: Life
  readonly #scheduler: Scheduler
  readonly #random: RandomStream

  constructor(host: HostDisk, life: Life, scheduler: Scheduler, random: RandomStream) {
    this.host = host
    this.#life = life
    this.#scheduler = scheduler
    this.#random = random
    host.startLife(life)
  }

  open(path: string, options: OpenOptions = {}): DiskFile {
    this.assertAlive()
    const file = this.host.memory.open(path, options)
    this.host.opened(file)
    return new LifeFile(this, file)
  }

  readFile(path: string): Uint8Array {
    this.assertAlive()
    return this.host.memory.readFile(path)
  }

  replaceFile(path: string, content: Uint8Array): Promise<void> {
    const owned = content.slice()
    return this.later('replaceFile', path, () => this.host.memory.replaceFile(path, owned))
  }

  list(directory: string): readonly DirectoryEntry[] {
    this.assertAlive()
    return this.host.memory.list(directory)
  }

  stat(path: string): FileStatus | null {
    this.assertAlive()
    return this.host.memory.stat(path)
  }

  createDirectory(path: string): void {
    this.assertAlive()
    this.host.memory.createDirectory(path)
  }

  rename(from: string, to: string): void {
    this.around('rename', from, () => this.host.memory.rename(from, to))
  }

  removeFile(path: string): void {
    this.around('remove', path, () => this.host.memory.removeFile(path))
  }

  removeDirectory(path: string): void {
    this.around('remove', path, () => this.host.memory.removeDirectory(path))
  }

  syncDirectory(path: string): Promise<void> {
    return this.later('syncDirectory', path, () => this.host.memory.syncDirectory(path))
  }

  lock(path: string): DiskLock {
    this.assertAlive()
    if (!this.host.lock(path)) throw new DiskError(DISK_ERROR_CODES.locked, path, `${path} is locked by this process`)
    this.host.memory.open(path, { create: true }).close()
    return {
      release: () => {
        if (this.#life.isAlive) this.host.unlock(path)
      },
    }
  }

  space(path: string): { readonly freeBytes: number; readonly totalBytes: number } | null {
    this.assertAlive()
    return this.host.memory.space(path)
  }

  /** A call with an effect on the disk, at once. */
  around<T>(operation: DiskOperation, path: string, run: () => T): T {
    this.assertAlive()
    this.#reach(operation, path, false)
    const result = run()
    this.#reach(operation, path, true)
    return result
  }

  /** A call that takes effect after a while and is answered after another. */
  later<T>(operation: DiskOperation | 'read', path: string, run: () => T | Promise<T>): Promise<T> {
    this.assertAlive()
    const delayMs = this.host.delayMs(path)
    const beforeMs = this.#random.within(0, delayMs)
    return new Promise((resolve, reject) => {
      this.#scheduler.schedule(beforeMs, this.#life, `disk-${operation}`, () => {
        if (operation !== 'read') this.#reach(operation, path, false)
        const answer = (settle: () => void): void => {
          this.#scheduler.schedule(delayMs - beforeMs, this.#life, 'disk-answer', settle)
        }
        let outcome: T | Promise<T>
        try {
          outcome = run()
        } catch (error) {
          return answer(() => reject(error))
        }
        // What is asked of the disk in memory has its effect at once, also where it promises it.
        if (operation !== 'read') this.#reach(operation, path, true)
        Promise.resolve(outcome).then(
          (value) => answer(() => resolve(value)),
          (error: unknown) => answer(() => reject(error)),
        )
      })
    })
  }

  /** The disk in memory asks the host how long this takes. */
  async sync(file: DiskFile): Promise<void> {
    this.assertAlive()
    this.#reach('sync', file.path, false)
    await file.sync()
    this.#reach('sync', file.path, true)
  }

  close(file: DiskFile): void {
    if (this.#life.isAlive) this.host.closed(file)
  }

  assertAlive(): void {
    if (!this.#life.isAlive) throw new CrashedError(this.#life.who)
  }

  #reach(operation: DiskOperation, path: string, isAfter: boolean): void {
    this.host.reach(operation, path, isAfter)
    this.assertAlive()
  }
}

class LifeFile implements DiskFile {
  readonly path: string
  readonly descriptor: null = null
  readonly #disk: LifeDisk
  readonly #file: DiskFile

  constructor(disk: LifeDisk, file: DiskFile) {
    this.path = file.path
    this.#disk = disk
    this.#file = file
  }

  size(): number {
    this.#disk.assertAlive()
    return this.#file.size()
  }

  readSync(into: Uint8Array, position: number): number {
    this.#disk.assertAlive()
    return this.#file.readSync(into, position)
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.#disk.later('read', this.path, () => this.#file.readSync(into, position))
  }

  writeSync(chunks: readonly Uint8Array[], position: number): number {
    return this.#disk.around('write', this.path, () => this.#file.writeSync(chunks, position))
  }

  write(chunks: readonly Uint8Array[], position: number): Promise<number> {
    return this.#disk.later('write', this.path, () => this.#file.writeSync(chunks, position))
  }

  truncate(sizeBytes: number): void {
    this.#disk.around('truncate', this.path, () => this.#file.truncate(sizeBytes))
  }

  sync(): Promise<void> {
    return this.#disk.sync(this.#file)
  }

  close(): void {
    this.#disk.close(this.#file)
  }
}
