/** How busy the machine was with things that are not the benchmark: what decides whether a figure is worth anything. */
import { readFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100

/** Starts to count. The result, called after the brokers have ended, gives the cores that other work kept busy, on average. */
export function meterOtherWork(): () => number {
  const startMs = performance.now()
  const before = otherTicks()
  return () => {
    const seconds = (performance.now() - startMs) / 1000
    return Math.max(0, (otherTicks() - before) / TICKS_PER_SECOND / seconds)
  }
}

function otherTicks(): number {
  return busyTicks(readFileSync('/proc/stat', 'latin1')) - ownTicks(readFileSync('/proc/self/stat', 'latin1'))
}

/**
 * Of the text of /proc/stat: user, nice, system, interrupts and steal of all cores; neither idle nor waiting for a disk. Guests
 * are in user already.
 */
export function busyTicks(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , interrupt = 0, softInterrupt = 0, steal = 0] = stat
    .slice('cpu '.length, stat.indexOf('\n'))
    .trim()
    .split(' ')
    .map(Number)
  return user + nice + system + interrupt + softInterrupt + steal
}

/** Of the text of /proc/self/stat: this process and the children that it has waited for. */
export function ownTicks(stat: string): number {
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(Number)
  return fields.reduce((sum, ticks) => sum + ticks, 0)
}
