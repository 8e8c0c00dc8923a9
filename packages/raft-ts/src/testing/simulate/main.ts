/**
 * `npm run simulate:raft -- --seed 1 --runs 1000 --steps 1500`: random schedules, one for each seed from the first one on. A run that
 * fails is shown by the end of its trace, made as small as it gets, and written down as a scenario.
 * `--scenario FILE` runs one that was written down.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { RaftNode, type RaftOptions } from '../../index.ts'
import { Coverage } from '../schedule/coverage.ts'
import { type Failure, failureOf } from '../schedule/failure.ts'
import { drawPlan, type Plan } from '../schedule/plan.ts'
import { runPlan } from '../schedule/run-plan.ts'
import { readScenario, writeScenario } from '../schedule/scenario.ts'
import { shrink } from '../schedule/shrink.ts'
import { Trace } from '../schedule/trace.ts'

const TICK_SECONDS = 0.05
const PROGRESS_RUNS = 100
/** So many runs that do not reach a state say that nothing does any more. */
const EVERY_STATE_RUNS = 5000

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1000' },
    steps: { type: 'string', default: '1500' },
    scenario: { type: 'string' },
    out: { type: 'string', default: 'raft-scenario.txt' },
  },
})

const makeNode = (options: RaftOptions): RaftNode => new RaftNode(options)
const say = (text: string): void => void process.stdout.write(`${text}\n`)

process.exitCode = values.scenario === undefined ? search() : replay(values.scenario)

function search(): number {
  const [first, runs, steps] = [values.seed, values.runs, values.steps].map(count)
  if (first === undefined || runs === undefined || steps === undefined) return 2
  say(`seed ${first}, ${runs} runs of ${steps} steps, commit ${commit()}`)
  const coverage = new Coverage()
  const total = new Trace()
  const started = performance.now()
  let ticks = 0
  let slowest = 0
  for (let seed = first; seed < first + runs; seed += 1) {
    const plan = drawPlan(seed, steps)
    const trace = new Trace()
    try {
      const report = runPlan(plan, makeNode, trace)
      coverage.add(report.coverage)
      ticks += report.ticks
      slowest = Math.max(slowest, report.ticksToLeader)
    } catch {
      return failed(plan)
    }
    total.note(trace.hash, 'run', seed)
    if ((seed - first + 1) % PROGRESS_RUNS === 0) process.stderr.write(`\r${seed - first + 1} of ${runs} runs`)
  }
  process.stderr.write('\n')
  const seconds = (performance.now() - started) / 1000
  const simulated = ticks * TICK_SECONDS
  say(coverage.describe())
  const isComplete = runs < EVERY_STATE_RUNS || coverage.unseen.length === 0
  if (coverage.unseen.length > 0) say(`never seen: ${coverage.unseen.join('; ')}`)
  say(`a leader ${(slowest * TICK_SECONDS).toFixed(2)} s after the storm at the latest`)
  say(`${simulated.toFixed(0)} simulated seconds in ${seconds.toFixed(1)} s: ${(simulated / seconds).toFixed(0)} times as fast`)
  say(`hash ${total.hash}`)
  say(`seeds ${first} to ${first + runs - 1}: everything held`)
  if (!isComplete) say('so many runs have to reach every state')
  return isComplete ? 0 : 1
}

function failed(plan: Plan): number {
  const failure = failureOf(plan, makeNode)
  if (failure === null) throw new Error(`seed ${plan.seed} fails only now and then: something in it is not decided by the seed`)
  show(failure)
  say(`seed ${plan.seed}, ${plan.steps.length} steps: ${failure.message}`)
  say('making it smaller')
  const small = shrink(plan, (smaller) => failureOf(smaller, makeNode)?.kind === failure.kind)
  const message = failureOf(small, makeNode)?.message ?? failure.message
  writeFileSync(values.out, writeScenario(small, `${message}\nfrom seed ${plan.seed} with ${plan.steps.length} steps, at ${commit()}`))
  say(`what is left of it: ${small.steps.length} steps, ${message}`)
  say(`written to ${values.out}; run it again with --scenario ${values.out}`)
  return 1
}

function replay(path: string): number {
  const plan = readScenario(readFileSync(path, 'utf8'))
  const failure = failureOf(plan, makeNode)
  if (failure !== null) show(failure)
  say(failure === null ? `${path}: everything held` : `${path}: ${failure.message}`)
  return failure === null ? 0 : 1
}

function show({ lines }: Failure): void {
  for (const line of lines) say(line)
}

function count(text: string | undefined): number | undefined {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  say(`--seed, --runs and --steps are whole numbers above 0, and not ${text}`)
  return undefined
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return 'unknown'
  }
}
