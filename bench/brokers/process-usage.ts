/**
 * What a process has used, read from /proc: CPU seconds of all its threads, and its memory.
 *
 * CPU time is the measure we trust on a busy machine: it counts the work done, not the wait for a core.
 */
import { readFileSync } from 'node:fs'

/** Linux counts CPU time in ticks of 1/100 s towards user space, whatever the kernel's own tick. */
const TICKS_PER_SECOND = 100

export type MemoryUse = {
  /** Resident set, bytes. Shared pages count in full. */
  readonly rssBytes: number
  /** Proportional set, bytes: shared pages divided among their users. Null where the kernel does not tell. */
  readonly pssBytes: number | null
}

/** User and system CPU seconds of a process so far: all its threads, also those that have ended. Its children are not in it. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The command name may hold spaces and parentheses: fields are counted after the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Resident and proportional memory of a process. */
export function memoryUse(pid: number): MemoryUse {
  const rssBytes = kilobytesField(readFileSync(`/proc/${pid}/status`, 'latin1'), 'VmRSS')
  if (rssBytes === null) throw new Error(`process ${pid} has no VmRSS: it has ended`)
  return { rssBytes, pssBytes: proportionalBytes(pid) }
}

function proportionalBytes(pid: number): number | null {
  try {
    return kilobytesField(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'), 'Pss')
  } catch {
    return null
  }
}

function kilobytesField(text: string, name: string): number | null {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)
  return match === null ? null : Number(match[1]) * 1024
}
