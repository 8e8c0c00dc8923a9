/** Guards the guards: each bug, planted in a copy of the sources, is found by random schedules, or shows in the trace of a script. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RaftNode } from './index.ts'
import { PLANTED_BUGS } from './testing/planted/all-planted-bugs.ts'
import type { PlantedBug } from './testing/planted/planted-bug.ts'
import { failureOf } from './testing/schedule/failure.ts'
import { drawPlan, type Plan } from './testing/schedule/plan.ts'
import type { MakeNode } from './testing/schedule/random-group.ts'
import { runPlan } from './testing/schedule/run-plan.ts'
import { readScenario } from './testing/schedule/scenario.ts'
import { runScript } from './testing/script/run-script.ts'

const SOURCES = import.meta.dirname
const TESTDATA = join(SOURCES, '..', 'testdata')
const SCENARIOS = join(SOURCES, '..', 'scenarios')
const SEEDS_MAX = 1500
const STORM_STEPS = 150

/** Chance takes its time with some of them. */
const SLOW_MS = 120_000

let copy: string

beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), 'raft-ts-planted-'))
  cpSync(SOURCES, copy, { recursive: true, filter: (path) => !/\.test\.ts$|testing/.test(path) })
})

afterEach(() => rmSync(copy, { recursive: true, force: true }))

describe('a planted bug is found', { timeout: SLOW_MS }, () => {
  it.each(PLANTED_BUGS.map((bug) => [bug.name, bug] as const))('%s', (_name, bug) => {
    const makeNode = plant(bug)
    if (bug.script !== undefined) expect(changesTrace(bug.script, makeNode)).toBe(true)
    else if (bug.scenario !== undefined) expect(failsScenario(bug.scenario, makeNode)).toBe(true)
    else expect(firstFailingSeed(makeNode)).toBeLessThanOrEqual(SEEDS_MAX)
  })
})

describe('a driver that breaks its contract is found', { timeout: SLOW_MS }, () => {
  it('by a server that keeps its name when its disk is wiped', () => {
    const makeNode: MakeNode = (options) => new RaftNode(options)
    expect(firstFailingSeed(makeNode, (plan) => ({ ...plan, setup: { ...plan.setup, loss: 'amnesia' } }))).toBeLessThanOrEqual(SEEDS_MAX)
  })
})

describe('without a bug', () => {
  it('the copied sources do what the sources do', () => {
    const { RaftNode } = load()
    expect(changesTrace('figure-8.txt', (options) => new RaftNode(options))).toBe(false)
  })
})

function plant({ file, correct, wrong }: PlantedBug): MakeNode {
  const path = join(copy, file)
  const [before, after, ...more] = readFileSync(path, 'utf8').split(correct)
  expect([before !== undefined, after !== undefined, more.length], `${file} has to contain once: ${correct}`).toEqual([true, true, 0])
  writeFileSync(path, `${before}${wrong}${after}`)
  const { RaftNode } = load()
  return (options) => new RaftNode(options)
}

/** By Node itself, as it is: nothing has to be transformed. */
function load(): typeof import('./index.ts') {
  return createRequire(import.meta.url)(join(copy, 'index.ts')) as typeof import('./index.ts')
}

function firstFailingSeed(makeNode: MakeNode, change: (plan: Plan) => Plan = (plan) => plan): number {
  for (let seed = 1; seed <= SEEDS_MAX; seed += 1) {
    try {
      runPlan(change(drawPlan(seed, STORM_STEPS)), makeNode)
    } catch {
      return seed
    }
  }
  return Infinity
}

function failsScenario(scenario: string, makeNode: MakeNode): boolean {
  return failureOf(readScenario(readFileSync(join(SCENARIOS, scenario), 'utf8')), makeNode) !== null
}

function changesTrace(script: string, makeNode: MakeNode): boolean {
  const expected = readFileSync(join(TESTDATA, script), 'utf8')
  return runScript(expected, makeNode) !== expected
}
