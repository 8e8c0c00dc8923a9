/**
 * The doors of a node that can be killed within a process that lives on, as kill -9 would end one of its own: timers never fire
 * again, connections break, nothing more is written, nothing is put in order, and locks and descriptors are free.
 *
 * What has reached the files before stays there, as the page cache outlives a process.
 */
import type { Logger, Runtime, Timer } from '@millrace/runtime'
import { MortalDisk } from './mortal-disk.ts'
import { MortalNetwork } from './mortal-network.ts'

export interface MortalRuntime extends Runtime {
  /** Resolves when nothing that was under way can touch a file any more. Idempotent. */
  die(): Promise<void>
}

export function mortalRuntime(runtime: Runtime): MortalRuntime {
  const { clock } = runtime
  const timers = new Set<Timer>()
  let isDead = false
  const disk = new MortalDisk(runtime.disk)
  const network = new MortalNetwork(runtime.network)
  return {
    ...runtime,
    disk,
    network,
    logger: mortalLogger(runtime.logger, () => isDead),
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      setTimer(delayMs, fire) {
        if (isDead) return { cancel: () => {} }
        const timer = clock.setTimer(delayMs, () => {
          timers.delete(timer)
          fire()
        })
        timers.add(timer)
        return {
          cancel() {
            timers.delete(timer)
            timer.cancel()
          },
        }
      },
      defer: (run) =>
        clock.defer(() => {
          if (!isDead) run()
        }),
    },
    async die() {
      isDead = true
      for (const timer of timers) timer.cancel()
      timers.clear()
      await network.die()
      await disk.die()
    },
  }
}

/** What a dead node finds out about its own death interests nobody. */
function mortalLogger(logger: Logger, isDead: () => boolean): Logger {
  const alive = (write: (logger: Logger) => void): void => {
    if (!isDead()) write(logger)
  }
  return {
    debug: (event, fields) => alive((to) => to.debug(event, fields)),
    info: (event, fields) => alive((to) => to.info(event, fields)),
    warn: (event, fields) => alive((to) => to.warn(event, fields)),
    error: (event, fields) => alive((to) => to.error(event, fields)),
    child: (bindings) => mortalLogger(logger.child(bindings), isDead),
  }
}
