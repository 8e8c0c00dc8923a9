/** What went wrong in a run, and whether another run went wrong in the same way: by the claim or the invariant, not by its numbers. */
import { InvariantError } from '../../index.ts'
import { Violation } from './history.ts'
import type { Plan } from './plan.ts'
import type { MakeNode } from './random-group.ts'
import { runPlan } from './run-plan.ts'
import { Trace } from './trace.ts'

const TRACE_LINES = 200

export interface Failure {
  readonly kind: string
  readonly message: string
  /** The last things that happened. */
  readonly lines: readonly string[]
}

/** `null` for a run in which everything held. */
export function failureOf(plan: Plan, makeNode: MakeNode): Failure | null {
  const trace = new Trace(TRACE_LINES)
  try {
    runPlan(plan, makeNode, trace)
    return null
  } catch (error) {
    return { kind: kindOf(error), message: String(error), lines: trace.lines }
  }
}

function kindOf(error: unknown): string {
  if (error instanceof Violation) return error.claim
  return error instanceof InvariantError ? error.invariant : String(error).replaceAll(/\d+/g, 'N')
}
