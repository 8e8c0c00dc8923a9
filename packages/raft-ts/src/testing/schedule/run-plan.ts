/**
 * One run of one plan: a stormy part, in which anything may happen that the contracts allow; then no more faults, but perhaps one
 * node that stays away, and a leader has to be found; then everybody is up, and must come to rest in the same state.
 */
import { ACTIONS } from './actions.ts'
import { Coverage } from './coverage.ts'
import { claim, Violation } from './history.ts'
import type { Plan } from './plan.ts'
import { type MakeNode, RandomGroup } from './random-group.ts'
import { Trace } from './trace.ts'

export interface RunReport {
  readonly hash: string
  readonly committedIndex: number
  readonly answeredIndex: number
  readonly terms: number
  /** Of the group's time, as each node sees it. */
  readonly ticks: number
  /** From the end of the storm until there was a leader that could do something. */
  readonly ticksToLeader: number
  readonly coverage: Coverage
}

const CALM_TICKS_MAX = 400
/** A proposal now and then, so that there is something to agree on. */
const CALM_PROPOSAL_TICKS = 8

export function runPlan(plan: Plan, makeNode: MakeNode, trace: Trace = new Trace()): RunReport {
  const coverage = new Coverage()
  const group = new RandomGroup(plan.seed, plan.setup, { makeNode, coverage, trace })
  warmUp(group, plan.setup.warmUp)
  for (const { action, seed } of plan.steps) {
    trace.note(action, '', seed)
    trace.line(() => `${action} ${seed}`)
    group.random.reseed(seed)
    ACTIONS[action](group)
  }
  trace.line(() => 'calm')
  group.random.reseed(plan.seed)
  const ticksToLeader = findLeader(group)
  comeToRest(group)
  const { lastCommittedIndex, answeredIndex } = group.history
  const terms = Math.max(...group.nodes.map(({ node }) => node?.status.term ?? 0))
  const ticks = Math.round(group.ticks / group.nodes.length)
  return { hash: trace.hash, committedIndex: lastCommittedIndex, answeredIndex, terms, ticks, ticksToLeader, coverage }
}

function warmUp(group: RandomGroup, ticks: number): void {
  for (let tick = ticks; tick > 0; tick -= 1) {
    group.settle()
    group.tickAll()
    if (group.random.chance(0.3)) group.readyLeader()?.propose([new Uint8Array([tick])])
  }
}

/** Somebody may stay away, if the group can do without: who is up must do. */
function findLeader(group: RandomGroup): number {
  const { random, nodes, history } = group
  group.isCalm = true
  group.network.calm()
  for (const node of nodes) node.crashAfter = null
  const absent = group.isSettled() ? random.pick(nodes.filter(({ id }) => group.survivesWithout(id))) : undefined
  if (absent !== undefined && random.chance(0.5)) absent.crash()
  for (const node of nodes) if (node !== absent) node.revive()
  const { answeredIndex } = history
  let ticksToLeader: number | null = null
  for (let tick = 0; tick < CALM_TICKS_MAX; tick += 1) {
    group.settle()
    const leader = group.readyLeader()
    if (leader !== undefined) ticksToLeader ??= tick
    if (ticksToLeader !== null && (history.answeredIndex > answeredIndex || absent === undefined)) return ticksToLeader
    group.tickAll()
    if (tick % CALM_PROPOSAL_TICKS === 0) leader?.propose([new Uint8Array([tick])])
  }
  throw new Violation('liveness', `nobody can lead after ${CALM_TICKS_MAX} calm ticks: ${group.describe()}`)
}

function comeToRest(group: RandomGroup): void {
  for (const node of group.nodes) node.revive()
  for (let tick = 0; tick < CALM_TICKS_MAX; tick += 1) {
    group.settle()
    if (group.isAtRest()) return
    group.tickAll()
    const leader = group.readyLeader()
    if (tick % CALM_PROPOSAL_TICKS === 0) leader?.propose([new Uint8Array([tick])])
  }
  claim('liveness', false, () => `no rest after ${CALM_TICKS_MAX} calm ticks: ${group.describe()}`)
}
