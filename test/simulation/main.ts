/**
 * `npm run simulate -- --seed 1 --runs 200 --profile single`: runs seeds one after the other, and makes the first failure small.
 *
 * Profiles: `single` is one broker; `cluster` is three nodes; `groups` is the same with groups of
 * consumers; `raft` is the core of the controllers' quorum alone.
 *
 * `--scenario FILE` runs a stored plan instead; `--set 'replicationFactor 1'` changes a line of the plan; `--until MS` ends the storm
 * earlier, `--storm MS` draws one of that length, `--with power,wipe` one with these classes of faults; `--trace NODE` prints what
 * that node did last, `--story NODE` what it said, with `all` for everybody; `--keep-going` goes on after a failure, `--shrink 0`
 * leaves it as it is; `--record FILE` adds what came of it up with what is in that file. Where enough runs missed a fault or a rare
 * state that they should have met, the command fails.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  drawPlan,
  FAULT_CLASSES,
  type FaultClass,
  formatScenario,
  type Outcome,
  parseScenario,
  type Plan,
  type Profile,
  runSimulation,
  shrink,
} from '@millrace/simulator'
import { commit } from './commit.ts'
import { missingStates } from './required-states.ts'
import { Tally } from './tally.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1' },
    profile: { type: 'string', default: 'single' },
    scenario: { type: 'string' },
    set: { type: 'string', multiple: true, default: [] },
    until: { type: 'string' },
    storm: { type: 'string' },
    with: { type: 'string' },
    trace: { type: 'string' },
    story: { type: 'string' },
    shrink: { type: 'string', default: '200' },
    record: { type: 'string' },
    'keep-going': { type: 'boolean', default: false },
    out: { type: 'string', default: 'simulation-failures' },
  },
})

const PROFILES: readonly string[] = ['single', 'cluster', 'groups', 'raft']
const RAFT = join(import.meta.dirname, '../../packages/raft-ts/src/testing/simulate/main.ts')

const firstSeed = wholeNumber('seed')
const runs = wholeNumber('runs')
if (!PROFILES.includes(values.profile)) throw new Error(`--profile is one of ${PROFILES.join(', ')}`)
// Raft alone has schedules of its own, which are a hundred times as fast.
if (values.profile === 'raft') {
  const options = ['--seed', values.seed, '--runs', values.runs, ...(values.scenario === undefined ? [] : ['--scenario', values.scenario])]
  process.exit(spawnSync(process.execPath, [...process.execArgv, RAFT, ...options], { stdio: 'inherit' }).status ?? 1)
}

process.stdout.write(`seed ${firstSeed}, ${runs} runs, profile ${values.profile}, commit ${commit()}\n`)
const tally = new Tally(values.profile, commit())
for (let seed = firstSeed; seed < firstSeed + runs; seed += 1) {
  const plan = planOf(seed)
  const startedMs = performance.now()
  const outcome = await runSimulation(plan)
  tally.add(seed, outcome, performance.now() - startedMs)
  if (values.trace !== undefined) print(outcome.trace(values.trace === 'all' ? undefined : values.trace))
  if (values.story !== undefined) print(outcome.story(values.story === 'all' ? undefined : values.story))
  if (process.stderr.isTTY) process.stderr.write(`\r${tally.line()} `)
  else if (tally.runs % 50 === 0) process.stderr.write(`${tally.line()}\n`)
  if (outcome.violation !== null) {
    process.exitCode = 1
    await report(plan, outcome)
    if (!values['keep-going']) break
  }
}
if (values.record !== undefined) tally.addUpIn(values.record)
process.stdout.write(`\n${tally.line()}\n${tally.tables()}`)
const missing = missingStates(tally.record)
if (missing.length > 0) {
  process.exitCode = 1
  print(missing)
}

function planOf(seed: number): Plan {
  const storm = values.storm === undefined ? {} : { stormMs: wholeNumber('storm') }
  const drawn = drawPlan(values.profile as Profile, seed, { ...storm, always: always() })
  const stored = values.scenario === undefined ? drawn : parseScenario(readFileSync(values.scenario, 'utf8'), drawn)
  const plan = values.set.length === 0 ? stored : parseScenario(`${formatScenario(stored)}${values.set.join('\n')}\n`, stored)
  return values.until === undefined ? plan : { ...plan, stormMs: wholeNumber('until') }
}

function always(): readonly FaultClass[] {
  return (values.with ?? '').split(',').flatMap((name) => {
    if (name === '') return []
    const known = FAULT_CLASSES.find((each) => each === name)
    if (known === undefined) throw new Error(`--with names classes of faults: ${FAULT_CLASSES.join(', ')}`)
    return [known]
  })
}

async function report(plan: Plan, outcome: Outcome): Promise<void> {
  const { rule, message } = outcome.violation as NonNullable<Outcome['violation']>
  process.stdout.write(`\nseed ${plan.seed} fails: ${rule}: ${message}\n`)
  if (values.shrink === '0') return
  const fails = async (candidate: Plan): Promise<boolean> => (await runSimulation(candidate)).violation?.rule === rule
  const smallest = await shrink(plan, { fails, attemptsMax: wholeNumber('shrink'), onSmaller: () => process.stderr.write('.') })
  const last = smallest === plan ? outcome : await runSimulation(smallest)
  mkdirSync(values.out, { recursive: true })
  const path = join(values.out, `${plan.profile}-${plan.seed}`)
  const comment = [`${rule}: ${(last.violation?.message ?? message).split('\n')[0]}`, `from seed ${plan.seed} at commit ${commit()}`]
  writeFileSync(`${path}.txt`, formatScenario(smallest, comment))
  writeFileSync(`${path}.trace`, `${formatScenario(plan)}\n${last.story().join('\n')}\n\n${last.trace().join('\n')}\n`)
  process.stdout.write(`\nmade smaller: ${last.violation?.message}\nscenario in ${path}.txt, its trace in ${path}.trace\n`)
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}

function wholeNumber(name: 'seed' | 'runs' | 'until' | 'storm' | 'shrink'): number {
  const value = Number(values[name])
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} is a whole number`)
  return value
}
