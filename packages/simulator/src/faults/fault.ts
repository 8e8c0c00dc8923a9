/**
 * One thing that goes wrong, at one moment. A run's faults are drawn before it begins and are plain data, so that a failing run can
 * be tried again with some of them left out.
 */
import type { CrashKind } from '../world/host.ts'
import type { DiskOperation } from '../disk/host-disk.ts'

/** Calls that do harm where they are believed after something else has happened. */
export type LateMethod = 'alterPartitions' | 'heartbeat' | 'registerBroker'

export type Fault = { readonly atMs: number } & (
  | {
      readonly kind: 'crash'
      readonly node: string
      readonly how: CrashKind
      readonly downMs: number
      /** Before the power goes the device saves nothing for so long: whatever was promised meanwhile was promised too early. */
      readonly stallMs?: number
    }
  | {
      /** A crash in the middle of what the node does: at its `count`-th disk operation of a kind from now. */
      readonly kind: 'crash-point'
      readonly node: string
      readonly how: CrashKind
      readonly downMs: number
      readonly operation: DiskOperation
      /** Only operations on paths that contain this count; all when absent. */
      readonly path?: string
      readonly count: number
      readonly side: 'before' | 'after'
      /** So long after it, while what was asked of the device may still be under way; at once when absent. */
      readonly lateMs?: number
    }
  /** All nodes at once, each after its device saved nothing for so long. */
  | { readonly kind: 'blackout'; readonly downMs: number; readonly stallMs?: number }
  | { readonly kind: 'pause'; readonly node: string; readonly forMs: number }
  | { readonly kind: 'clock-jump'; readonly node: string; readonly byMs: number }
  /** Nothing gets from one to the other; what is under way arrives late. */
  | { readonly kind: 'cut'; readonly from: string; readonly to: string; readonly forMs: number }
  /** A node can hear nobody, can tell nobody, or both. */
  | { readonly kind: 'isolate'; readonly node: string; readonly way: 'in' | 'out' | 'both'; readonly forMs: number }
  | { readonly kind: 'clog'; readonly from: string; readonly to: string; readonly forMs: number; readonly extraMs: number }
  | { readonly kind: 'reset'; readonly from: string; readonly to: string }
  /** For so long, calls of that method by a node reach controllers late, and what it sends after them overtakes them. */
  | {
      readonly kind: 'late-calls'
      readonly node: string
      readonly method: LateMethod
      readonly byMs: number
      readonly forMs: number
    }
  /** For so long, calls of that method by a node come twice, the second time late: as they do where one is sent again on another way. */
  | {
      readonly kind: 'repeated-calls'
      readonly node: string
      readonly method: LateMethod
      readonly byMs: number
      readonly forMs: number
    }
  /** Of all files, or of those whose path contains `path`. */
  | { readonly kind: 'disk-stall'; readonly node: string; readonly forMs: number; readonly path?: string }
  | { readonly kind: 'disk-full'; readonly node: string; readonly forMs: number; readonly roomBytes: number }
  /** The next operation of that kind on a path that contains `path` fails. */
  | {
      readonly kind: 'disk-error'
      readonly node: string
      readonly operation: 'read' | 'write' | 'sync'
      readonly path: string
      readonly downMs: number
    }
  /**
   * While a process is down a bit of a file at rest changes, of one whose path contains the parts of `path` between the asterisks, in
   * that order; `place` goes from its beginning (0) to its end (1).
   */
  | { readonly kind: 'bit-rot'; readonly node: string; readonly path: string; readonly place: number; readonly downMs: number }
  /** A bit changes of records that were durable long ago, while nobody reads them; `place` goes from the oldest (0) to the newest (1). */
  | { readonly kind: 'record-rot'; readonly node: string; readonly place: number }
  /** The disk is replaced by an empty one. */
  | { readonly kind: 'wipe'; readonly node: string; readonly downMs: number }
  /**
   * The same as soon as a leader asks for the node to be in sync again, if one does in so long; then the node tells nobody but the
   * active controller anything for a while, and gets nothing of what it lost.
   */
  | {
      readonly kind: 'wipe-joining'
      readonly node: string
      readonly withinMs: number
      readonly downMs: number
      readonly silentMs: number
    }
  /**
   * Of a coordinator of transactions, which of all is said by `place` from 0 to 1: whoever would lead after it does not hear it any more,
   * and as soon as it has written what is not committed yet, if it has in so long, it ends a little later.
   */
  | {
      readonly kind: 'crash-undecided'
      readonly place: number
      readonly withinMs: number
      readonly lateMs: number
      readonly how: CrashKind
      readonly downMs: number
    }
  /** At such a moment nothing happens to the disk, and the node tells nobody but the active controller anything for a while. */
  | { readonly kind: 'silence-joining'; readonly node: string; readonly withinMs: number; readonly silentMs: number }
)

/** One line, as scenario files have it: `1200 crash node=node-1 how=power downMs=300`. */
export function formatFault({ atMs, kind, ...fields }: Fault): string {
  const parts = Object.entries(fields).map(([name, value]) => `${name}=${value}`)
  return [atMs, kind, ...parts].join(' ')
}

/** Throws for a line that is no fault. */
export function parseFault(line: string): Fault {
  const [atMs, kind, ...parts] = line.trim().split(/\s+/)
  const fields = parts.map((part) => {
    const [name, text] = part.split('=', 2)
    if (name === undefined || text === undefined) throw new Error(`"${part}" is not name=value in: ${line}`)
    return [name, /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text]
  })
  if (kind === undefined || !Number.isFinite(Number(atMs))) throw new Error(`this is no fault: ${line}`)
  return { atMs: Number(atMs), kind, ...Object.fromEntries(fields) } as Fault
}
