/**
 * The upkeep of a log directory beside reads and appends: retention, compaction, and forgetting producers that are gone. One of
 * each goes on at a time.
 */
import type { Timer } from '@millrace/runtime'
import type { PartitionLog } from '../partition-log.ts'
import { LogCleaner } from './log-cleaner.ts'
import type { LogDirectory } from './log-directory.ts'
import { type ConfigFor, LogRetention } from './log-retention.ts'

export interface MaintenanceOptions {
  readonly configFor: ConfigFor
}

export interface Maintenance {
  /** One round of retention, now or after the one that goes on. */
  runRetention(): Promise<void>
  /** Compacts the dirtiest log, now or after the one that goes on. False when none was compacted. */
  cleanOnce(): Promise<boolean>
  /** Forgets producers that were quiet for long, in logs that are open. */
  expireProducers(): Promise<void>
  /** Resolves when nothing goes on any more; a compaction is called off. To be awaited before the directory is closed. */
  stop(): Promise<void>
}

/** Logs whose producers are looked through before others get their turn. */
const TURN_LOGS = 64

export function startMaintenance(directory: LogDirectory, { configFor }: MaintenanceOptions): Maintenance {
  const { clock, settings, logger } = directory.environment
  let isStopped = false
  const isOver = (): boolean => isStopped || directory.offlineError !== null
  const cleaner = new LogCleaner(directory, () => isStopped)
  const retention = new LogRetention(
    directory,
    configFor,
    () => isStopped,
    (log) => log === cleaner.current,
  )

  const runRetention = inTurn(async () => {
    if (!isOver()) await retention.run()
  })
  const clean = inTurn(async (postponed: Set<PartitionLog>) => !isOver() && (await cleaner.cleanDirtiest(postponed)))
  const expireProducers = inTurn(async () => {
    let looked = 0
    for (const log of directory.logs()) {
      if (isOver()) return
      if (!log.isClosed) log.producerState.expire(clock.now())
      looked += 1
      if (looked % TURN_LOGS === 0) await new Promise<void>((resolve) => clock.defer(resolve))
    }
  })
  const cleanAll = async (): Promise<void> => {
    // Logs that fail are left to the next round, so that one of them does not keep the others waiting.
    const postponed = new Set<PartitionLog>()
    while (await clean(postponed));
  }

  const timers = new Map<() => Promise<unknown>, Timer>()
  const repeat = (delayMs: number, work: () => Promise<unknown>): void => {
    const next = (): void => {
      if (isStopped) return
      timers.set(
        work,
        clock.setTimer(delayMs, () => {
          work()
            .catch((error: unknown) => logger.error('the upkeep of the log directory failed', { path: directory.path, error }))
            .finally(next)
        }),
      )
    }
    next()
  }
  repeat(settings.retentionCheckIntervalMs, runRetention)
  repeat(settings.cleanerBackoffMs, cleanAll)
  repeat(settings.producerIdExpirationCheckIntervalMs, expireProducers)

  return {
    runRetention,
    async cleanOnce() {
      const postponed = new Set<PartitionLog>()
      return (await clean(postponed)) && postponed.size === 0
    },
    expireProducers,
    async stop() {
      isStopped = true
      for (const timer of timers.values()) timer.cancel()
      await Promise.allSettled([runRetention(), clean(new Set()), expireProducers()])
    },
  }
}

/** Calls of the returned function are carried out one after the other. */
function inTurn<Arguments extends unknown[], Result>(
  work: (...given: Arguments) => Promise<Result>,
): (...given: Arguments) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve()
  return (...given) => {
    const result = last.then(() => work(...given))
    last = result.catch(() => {})
    return result
  }
}
