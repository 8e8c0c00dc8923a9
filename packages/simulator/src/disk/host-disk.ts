/**
 * The disk of one host. What is on it outlives processes; a crash of a process leaves all that was written, a power cut only what
 * was synced and a random part of the rest. Faults and crash points are set here; a process sees them through its `LifeDisk`.
 */
import { createMemoryDisk, type DiskFile, type MemoryDisk } from '@millrace/runtime'
import type { Life } from '../core/life.ts'
import type { RandomStream } from '../core/random-streams.ts'
import type { Scheduler } from '../core/scheduler.ts'

export interface DiskSettings {
  readonly latencyMsMin: number
  readonly latencyMsMax: number
}

/** What a crash point waits for. */
export type DiskOperation = 'write' | 'truncate' | 'sync' | 'syncDirectory' | 'rename' | 'replaceFile' | 'remove'

export interface CrashPoint {
  readonly operation: DiskOperation
  /** Operations on other paths than those that contain this do not count; all do when it is empty. */
  readonly path: string
  /** The process ends at the n-th operation of that kind from now. */
  readonly count: number
  /** Before the operation had its effect, or after. */
  readonly isAfter: boolean
  readonly crash: () => void
}

export class HostDisk {
  readonly memory: MemoryDisk
  readonly #scheduler: Scheduler
  readonly #random: RandomStream
  readonly #settings: DiskSettings
  readonly #locked = new Set<string>()
  readonly #open = new Set<DiskFile>()
  #life: Life | null = null
  /** Until when what waits for the device is not answered, by the part of a path that it is about. */
  readonly #stalls = new Map<string, number>()
  #crashPoint: (CrashPoint & { left: number }) | null = null

  constructor(scheduler: Scheduler, random: RandomStream, settings: DiskSettings, clock: { now(): number }) {
    this.#scheduler = scheduler
    this.#random = random
    this.#settings = settings
    this.memory = createMemoryDisk({
      canLosePower: true,
      clock,
      untilSynced: (path) => new Promise((resolve) => scheduler.schedule(this.delayMs(path), this.#life, 'disk-synced', resolve)),
    })
  }

  /** Whether nothing of the process that had the disk before is left. */
  startLife(life: Life): void {
    this.#life = life
  }

  /** The process is gone, and with it its locks and open files. */
  endLife(hasPower: boolean): void {
    this.#locked.clear()
    this.#crashPoint = null
    if (hasPower) for (const file of this.#open) file.close()
    else this.memory.losePower(this.#random)
    this.#open.clear()
  }

  /** Nothing that waits for the device is answered before so much time has passed; of files whose path contains `path`. */
  stall(forMs: number, path = ''): void {
    this.#stalls.set(path, Math.max(this.#stalls.get(path) ?? 0, this.#scheduler.nowMs + forMs))
  }

  /** Leaves room for so many more bytes until the returned function is called. */
  fill(roomBytes: number): () => void {
    this.memory.setCapacity(this.memory.usedBytes + roomBytes)
    return () => this.memory.setCapacity(Number.POSITIVE_INFINITY)
  }

  /** The next operation of that kind on a path that contains `path` fails, and `onMet` is told, unless the faults end before. */
  failNext(operation: 'read' | 'write' | 'sync', path: string, onMet: () => void): void {
    this.memory.failNext({ operation, pathIncludes: path, onMet })
  }

  /**
   * Changes a bit of a file whose path contains the parts of `path` between the asterisks, in that order; `place` goes from its
   * beginning (0) to its end (1). False when there is no such file.
   */
  flipBit(path: string, place: number): boolean {
    const sizeOf = (file: string): number => this.memory.stat(file)?.sizeBytes ?? 0
    const found = filesUnder(this.memory, '').filter((file) => hasParts(file, path.split('*')) && sizeOf(file) > 0)
    if (found.length === 0) return false
    const file = this.#random.pick(found)
    this.flipBitAt(file, Math.min(sizeOf(file) - 1, Math.floor(place * sizeOf(file))))
    return true
  }

  flipBitAt(path: string, position: number): void {
    this.memory.flipBits(path, position, 1 << this.#random.below(8))
  }

  /** An empty disk in the place of this one. Only while no process runs. */
  wipe(): void {
    this.memory.replace()
  }

  /** Nothing stalls, is full, or fails any more. */
  endFaults(): void {
    this.#stalls.clear()
    this.#crashPoint = null
    this.memory.forgetFaults()
    this.memory.setCapacity(Number.POSITIVE_INFINITY)
  }

  setCrashPoint(point: CrashPoint): void {
    this.#crashPoint = { ...point, left: point.count }
  }

  delayMs(path: string): number {
    const { latencyMsMin, latencyMsMax } = this.#settings
    let stalledMs = 0
    for (const [part, untilMs] of this.#stalls) if (path.includes(part)) stalledMs = Math.max(stalledMs, untilMs - this.#scheduler.nowMs)
    return this.#random.within(latencyMsMin, latencyMsMax) + stalledMs
  }

  /** To be called around each operation; crashes the process when a crash point is met. */
  reach(operation: DiskOperation, path: string, isAfter: boolean): void {
    const point = this.#crashPoint
    if (point === null || point.operation !== operation || point.isAfter !== isAfter || !path.includes(point.path)) return
    point.left -= 1
    if (point.left > 0) return
    this.#crashPoint = null
    point.crash()
  }

  /** False when the lock is taken already. */
  lock(path: string): boolean {
    if (this.#locked.has(path)) return false
    this.#locked.add(path)
    return true
  }

  unlock(path: string): void {
    this.#locked.delete(path)
  }

  opened(file: DiskFile): void {
    this.#open.add(file)
  }

  closed(file: DiskFile): void {
    this.#open.delete(file)
    file.close()
  }
}

function filesUnder(disk: MemoryDisk, directory: string): readonly string[] {
  return disk.list(directory === '' ? '/' : directory).flatMap(({ name, isDirectory }) => {
    const path = `${directory}/${name}`
    return isDirectory ? filesUnder(disk, path) : [path]
  })
}

function hasParts(text: string, parts: readonly string[]): boolean {
  let from = 0
  for (const part of parts) {
    const at = text.indexOf(part, from)
    if (at < 0) return false
    from = at + part.length
  }
  return true
}
