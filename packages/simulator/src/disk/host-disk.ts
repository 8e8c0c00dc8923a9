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
  #stallUntilMs = 0
  #crashPoint: (CrashPoint & { left: number }) | null = null

  constructor(scheduler: Scheduler, random: RandomStream, settings: DiskSettings, clock: { now(): number }) {
    this.#scheduler = scheduler
    this.#random = random
    this.#settings = settings
    this.memory = createMemoryDisk({
      canLosePower: true,
      clock,
      untilSynced: () => new Promise((resolve) => scheduler.schedule(this.delayMs(), this.#life, 'disk-synced', resolve)),
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

  /** Nothing that waits for the device is answered before so much time has passed. */
  stall(forMs: number): void {
    this.#stallUntilMs = Math.max(this.#stallUntilMs, this.#scheduler.nowMs + forMs)
  }

  /** Leaves room for so many more bytes until the returned function is called. */
  fill(roomBytes: number): () => void {
    this.memory.setCapacity(this.memory.usedBytes + roomBytes)
    return () => this.memory.setCapacity(Number.POSITIVE_INFINITY)
  }

  /** The next operation of that kind on a path that contains `path` fails, unless the faults end before. */
  failNext(operation: 'read' | 'write' | 'sync', path: string): void {
    this.memory.failNext({ operation, pathIncludes: path })
  }

  /** Changes a bit of the first file whose path contains `path`; `place` goes from its beginning (0) to its end (1). */
  flipBit(path: string, place: number): void {
    const found = filesUnder(this.memory, '').find((file) => file.includes(path) && (this.memory.stat(file)?.sizeBytes ?? 0) > 0)
    if (found === undefined) return
    const size = this.memory.stat(found)?.sizeBytes ?? 0
    this.memory.flipBits(found, Math.min(size - 1, Math.floor(place * size)), 1 << this.#random.below(8))
  }

  /** An empty disk in the place of this one. Only while no process runs. */
  wipe(): void {
    for (const { name } of this.memory.list('/')) this.memory.removeDirectory(`/${name}`)
  }

  /** Nothing stalls, is full, or fails any more. */
  endFaults(): void {
    this.#stallUntilMs = 0
    this.#crashPoint = null
    this.memory.forgetFaults()
    this.memory.setCapacity(Number.POSITIVE_INFINITY)
  }

  setCrashPoint(point: CrashPoint): void {
    this.#crashPoint = { ...point, left: point.count }
  }

  delayMs(): number {
    const { latencyMsMin, latencyMsMax } = this.#settings
    return this.#random.within(latencyMsMin, latencyMsMax) + Math.max(0, this.#stallUntilMs - this.#scheduler.nowMs)
  }

  /** To be called around each operation; crashes the process when a crash point is met. */
  reach(operation: DiskOperation, isAfter: boolean): void {
    const point = this.#crashPoint
    if (point === null || point.operation !== operation || point.isAfter !== isAfter) return
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
