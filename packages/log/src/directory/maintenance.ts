/**
 * The upkeep of a log directory beside reads and appends: retention, compaction, looking for rot, and forgetting producers that are
 * gone. One of each goes on at a time.
 */
import type { Timer } from '@millrace/runtime'
import type { PartitionLog } from '../partition-log.ts'
import { LogCleaner } from './log-cleaner.ts'
import type { LogDirectory } from './log-directory.ts'
import { type ConfigFor, LogRetention } from './log-retention.ts'
import { LogScrub, type OnDamaged } from './log-scrub.ts'

export interface MaintenanceOptions {
  readonly configFor: ConfigFor
  /** A log was found damaged where it was durable once; told again in each round. */
  readonly onDamaged?: OnDamaged
}

export interface Maintenance {
  /** One round of retention, now or after the one that goes on. */
  runRetention(): Promise<void>
  /** Compacts the dirtiest log, now or after the one that goes on. False when none was compacted. */
  cleanOnce(): Promise<boolean>
  /** Forgets producers that were quiet for long, in logs that are open. */
  expireProducers(): Promise<void>
  /** Reads through all that is durable, now or after the round that goes on. */
  scrub(): Promise<void>
  /** Resolves when nothing goes on any more; a compaction or a look for rot is called off. To be awaited before the directory is closed. */
  stop(): Promise<void>
}

/** Logs whose producers are looked through before others get their turn. */
const TURN_LOGS = 64

/** A round comes so soon after the start at the latest, or none would ever come where processes do not live long. */
const FIRST_SCRUB_MS = 60 * 60 * 1000

export function startMaintenance(directory: LogDirectory, { configFor, onDamaged = () => {} }: MaintenanceOptions): Maintenance {
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

  const logScrub = new LogScrub(directory, onDamaged, () => isStopped)

  const scrub = inTurn(() => logScrub.run())
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
  const repeat = (delayMs: number, work: () => Promise<unknown>, firstDelayMs = delayMs): void => {
    const next = (pauseMs = delayMs): void => {
      if (isStopped) return
      timers.set(
        work,
        clock.setTimer(pauseMs, () => {
          work()
            .catch((error: unknown) => logger.error('the upkeep of the log directory failed', { path: directory.path, error }))
            .finally(() => next())
        }),
      )
    }
    next(firstDelayMs)
  }
  repeat(settings.retentionCheckIntervalMs, runRetention)
  repeat(settings.cleanerBackoffMs, cleanAll)
  repeat(settings.producerIdExpirationCheckIntervalMs, expireProducers)
  repeat(settings.scrubIntervalMs, scrub, Math.min(settings.scrubIntervalMs, FIRST_SCRUB_MS))

  return {
    runRetention,
    async cleanOnce() {
      const postponed = new Set<PartitionLog>()
      return (await clean(postponed)) && postponed.size === 0
    },
    expireProducers,
    scrub,
    async stop() {
      isStopped = true
      logScrub.stop()
      for (const timer of timers.values()) timer.cancel()
      await Promise.allSettled([runRetention(), clean(new Set()), expireProducers(), scrub()])
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
