/** What runs add up to, and what a long search must not have missed. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Outcome } from '@millrace/simulator'
import { afterEach, describe, expect, it } from 'vitest'
import { missingStates } from './required-states.ts'
import { faultTable, Tally } from './tally.ts'

const directories: string[] = []

afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
})

function file(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-tally-'))
  directories.push(directory)
  return join(directory, 'record.json')
}

function outcome(hits: Record<string, number>, reached: Record<string, number>, violation: Outcome['violation'] = null): Outcome {
  const none = { traceHash: '', disks: new Map(), trace: () => [], story: () => [] }
  const maps = { hits: new Map(Object.entries(hits)), reached: new Map(Object.entries(reached)) }
  return { ...none, ...maps, violation, events: 10, simulatedMs: 2_000, acknowledged: 5 }
}

describe('a tally', () => {
  it('adds up what several commands found, in a file', () => {
    const path = file()
    const first = new Tally('cluster', 'aaa')
    first.add(7, outcome({ 'crash: node': 1 }, { rare: 1 }), 100)
    first.add(8, outcome({ 'crash: node': 2, 'power: down': 1 }, {}, { rule: 'once', message: 'twice\nmore' }), 100)
    first.addUpIn(path)
    const second = new Tally('cluster', 'bbb')
    second.add(9, outcome({ 'crash: client': 4 }, { rare: 2 }), 300)
    second.addUpIn(path)
    expect(second.record).toEqual({
      profile: 'cluster',
      commits: ['aaa', 'bbb'],
      firstSeed: 7,
      lastSeed: 9,
      runs: 3,
      violations: ['seed 8: once: twice'],
      simulatedMs: 6_000,
      wallMs: 500,
      events: 30,
      acknowledged: 15,
      hits: { 'crash: client': 4, 'crash: node': 3, 'power: down': 1 },
      reached: { rare: 3 },
    })
    expect(() => new Tally('single', 'ccc').addUpIn(path)).toThrow('do not add up')
  })

  it('has a row for each kind of fault and a column for each role', () => {
    const { kinds, roles, countOf } = faultTable({ hits: { 'crash at write: node': 3, 'crash: client': 1 } })
    expect([kinds, roles]).toEqual([
      ['crash', 'crash at write'],
      ['client', 'node'],
    ])
    expect([countOf('crash at write', 'node'), countOf('crash', 'node')]).toEqual([3, 0])
  })
})

describe('a search', () => {
  it('fails when it never met what it is there for, but only if it was long enough to tell', () => {
    const tally = new Tally('cluster', 'aaa')
    for (let seed = 0; seed < 199; seed += 1) tally.add(seed, outcome({ 'crash: node': 1 }, { 'a partition has no leader': 1 }), 1)
    expect(missingStates(tally.record)).toEqual([])
    tally.add(199, outcome({}, {}), 1)
    const missing = missingStates(tally.record)
    expect(missing).toContain('no run of 200 met the fault "power"')
    expect(missing).toContain('no run of 200 reached the state "an eligible replica is elected"')
    expect(missing.some((line) => line.includes('"crash"') || line.includes('has no leader'))).toBe(false)
  })
})
