/**
 * The open files of a log directory, bounded. Ten thousand partitions have several files each, far more than a process may
 * open, so a file is open only while it was used recently or somebody holds it.
 *
 * A `FileSlot` stands for one file on disk whether it is open or not. It follows renames, so a segment that was put aside
 * for deletion can still be read by those who hold it.
 */
import type { Disk, DiskFile } from '@millrace/runtime'

export class FilePool {
  readonly disk: Disk
  readonly #limit: number
  /** Open slots, least recently used first. */
  readonly #open = new Set<FileSlot>()

  constructor(disk: Disk, limit: number) {
    this.disk = disk
    this.#limit = limit
  }

  get openCount(): number {
    return this.#open.size
  }

  slot(path: string): FileSlot {
    return new FileSlot(this, path)
  }

  /** Closes every file; one that is held closes when its holder lets go. Slots can be used again. */
  close(): void {
    for (const slot of this.#open) slot.close()
  }

  /** For slots only. */
  opened(slot: FileSlot): void {
    this.#open.add(slot)
    if (this.#open.size > this.#limit) this.#evict()
  }

  /** For slots only. */
  used(slot: FileSlot): void {
    // A file that is used again and again is looked up for free; the order only matters when the pool is nearly full.
    if (this.#open.size * 2 < this.#limit) return
    this.#open.delete(slot)
    this.#open.add(slot)
  }

  /** For slots only. */
  closed(slot: FileSlot): void {
    this.#open.delete(slot)
  }

  /** The newest slot is the one that asked for room, so it stays. Held files stay too, and may exceed the limit. */
  #evict(): void {
    let excess = this.#open.size - this.#limit
    let rest = this.#open.size - 1
    for (const slot of this.#open) {
      if (excess <= 0 || rest-- <= 0) return
      if (slot.closeIfIdle()) excess--
    }
  }
}

/** A file that is held open until `release`, which must be called exactly once. */
export interface HeldFile {
  readonly file: DiskFile
  release(): void
}

export class FileSlot {
  readonly #pool: FilePool
  #path: string
  #file: DiskFile | null = null
  #holders = 0
  /** To be closed when the last holder lets go. */
  #isClosed = false
  #isAbandoned = false

  constructor(pool: FilePool, path: string) {
    this.#pool = pool
    this.#path = path
  }

  get path(): string {
    return this.#path
  }

  /** The file is about to be removed: what is in it need not last. */
  get isAbandoned(): boolean {
    return this.#isAbandoned
  }

  abandon(): void {
    this.#isAbandoned = true
  }

  /** The open file, for use within this turn only. Throws a `DiskError`. */
  use(create = false): DiskFile {
    if (this.#file !== null) {
      this.#pool.used(this)
      return this.#file
    }
    this.#file = this.#pool.disk.open(this.#path, { create })
    this.#isClosed = false
    this.#pool.opened(this)
    return this.#file
  }

  /** The open file, kept open until it is released, whatever happens to its name. */
  hold(create = false): HeldFile {
    const file = this.use(create)
    this.#holders++
    let isHeld = true
    return {
      file,
      release: () => {
        if (!isHeld) return
        isHeld = false
        this.#holders--
        if (this.#isClosed && this.#holders === 0) this.#close()
      },
    }
  }

  /** Gives the file another name; those who hold it do not notice. Throws a `DiskError`. */
  rename(path: string): void {
    this.#pool.disk.rename(this.#path, path)
    this.#path = path
  }

  /** The directory was renamed. */
  moved(path: string): void {
    this.#path = path
  }

  /** Closes the file now, or as soon as nobody holds it. It may be used again, as after an eviction. */
  close(): void {
    if (this.#holders === 0) this.#close()
    else this.#isClosed = true
  }

  /** For the pool only. */
  closeIfIdle(): boolean {
    if (this.#holders > 0) return false
    this.#close()
    return true
  }

  #close(): void {
    const file = this.#file
    this.#file = null
    if (file === null) return
    this.#pool.closed(this)
    file.close()
  }
}
