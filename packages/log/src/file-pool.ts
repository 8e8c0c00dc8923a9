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

/** One opening of a file. */
interface OpenFile {
  readonly file: DiskFile
  holders: number
  /** To be closed when the last holder lets go. */
  isLeft: boolean
}

export class FileSlot {
  readonly #pool: FilePool
  #path: string
  #open: OpenFile | null = null
  #isAbandoned = false

  constructor(pool: FilePool, path: string) {
    this.#pool = pool
    this.#path = path
  }

  get path(): string {
    return this.#path
  }

  /** Somebody holds the file. */
  get isHeld(): boolean {
    return this.#open !== null && this.#open.holders > 0
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
    return this.#use(create).file
  }

  /** The open file, kept open until it is released, whatever happens to its name. */
  hold(create = false): HeldFile {
    const open = this.#use(create)
    open.holders++
    let isHeld = true
    return {
      file: open.file,
      release: () => {
        if (!isHeld) return
        isHeld = false
        open.holders--
        if (open.isLeft && open.holders === 0) this.#close(open)
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

  /** Another file has the name now: who holds the old one reads on, everybody else gets the new one. */
  replaced(): void {
    const open = this.#open
    if (open === null) return
    this.#open = null
    this.#pool.closed(this)
    if (open.holders === 0) open.file.close()
    else open.isLeft = true
  }

  /** Closes the file now, or as soon as nobody holds it. It may be used again, as after an eviction. */
  close(): void {
    const open = this.#open
    if (open === null) return
    if (open.holders === 0) this.#close(open)
    else open.isLeft = true
  }

  /** For the pool only. */
  closeIfIdle(): boolean {
    if (this.isHeld) return false
    if (this.#open !== null) this.#close(this.#open)
    return true
  }

  #use(create: boolean): OpenFile {
    if (this.#open !== null) {
      this.#pool.used(this)
      return this.#open
    }
    const open = { file: this.#pool.disk.open(this.#path, { create }), holders: 0, isLeft: false }
    this.#open = open
    this.#pool.opened(this)
    return open
  }

  #close(open: OpenFile): void {
    if (open === this.#open) {
      this.#open = null
      this.#pool.closed(this)
    }
    open.file.close()
  }
}
