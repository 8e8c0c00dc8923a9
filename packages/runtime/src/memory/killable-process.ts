/**
 * What a process that may be killed sees of disk and clock: from the kill on, nothing that it still had in hand reaches either
 * of them, its timers are gone and its locks free. What it wrote stays in the page cache, so the disk below is left as it is.
 */
import type { Clock, Timer } from '../ports/clock.ts'
import { type Disk, DISK_ERROR_CODES, DiskError, type DiskLock } from '../ports/disk.ts'

/** Calls that change something: only between them does it matter when the process ends. */
const CHANGES = new Set([
  'open',
  'replaceFile',
  'createDirectory',
  'rename',
  'removeFile',
  'writeSync',
  'write',
  'truncate',
  'sync',
  'syncDirectory',
])

export interface KillableProcess {
  readonly disk: Disk
  readonly clock: Clock
  kill(): void
  /** Kills it in the middle of something: so many more calls of the disk are carried out, and no other. */
  killAfter(calls: number): void
}

export function killableProcess(disk: Disk, clock: Clock): KillableProcess {
  let isAlive = true
  let callsLeft = Number.POSITIVE_INFINITY
  const locks = new Set<DiskLock>()
  const timers = new Set<Timer>()

  function guarded<Target extends object>(target: Target): Target {
    return new Proxy(target, {
      get(_, name) {
        const member: unknown = Reflect.get(target, name, target)
        if (typeof member !== 'function') return member
        return (...parameters: unknown[]): unknown => {
          if (isAlive && CHANGES.has(String(name)) && callsLeft-- <= 0) isAlive = false
          if (!isAlive) {
            if (name === 'close' || name === 'release') return undefined
            throw new DiskError(DISK_ERROR_CODES.failed, '', `${String(name)} was called by a process that was killed`)
          }
          const result: unknown = Reflect.apply(member, target, parameters)
          if (name === 'open') return guarded(result as object)
          if (name === 'lock') locks.add(result as DiskLock)
          return result instanceof Promise ? whileAlive(result) : result
        }
      },
    })
  }

  /** Nobody is there any more to see how it ends. */
  function whileAlive<Result>(promise: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      promise.then(
        (result) => isAlive && resolve(result),
        (error: unknown) => isAlive && reject(error),
      )
    })
  }

  return {
    disk: guarded(disk),
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      defer: (run) => clock.defer(() => isAlive && run()),
      setTimer(delayMs, fire) {
        const timer = clock.setTimer(delayMs, () => isAlive && fire())
        timers.add(timer)
        return timer
      },
    },
    killAfter(calls) {
      callsLeft = calls
    },
    kill() {
      isAlive = false
      for (const timer of timers) timer.cancel()
      for (const lock of locks) lock.release()
    },
  }
}
