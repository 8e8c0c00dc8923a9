/** What came of a run. */
import type { MemoryDisk } from '@millrace/runtime'
import type { Violation } from '../world/world.ts'

export interface Outcome {
  readonly violation: Violation | null
  /** The same for the same plan and commit. */
  readonly traceHash: string
  readonly events: number
  readonly simulatedMs: number
  readonly reached: ReadonlyMap<string, number>
  readonly hits: ReadonlyMap<string, number>
  readonly acknowledged: number
  /** As the run left them, by node, for whoever looks for a reason. */
  readonly disks: ReadonlyMap<string, MemoryDisk>
  trace(who?: string): readonly string[]
  /** The lines of the trace that have words. */
  story(who?: string): readonly string[]
}
