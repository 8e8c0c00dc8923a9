/** Faults of which one prepares the next come in their order, and only as much of them as topics promise to survive. */
import { describe, expect, it } from 'vitest'
import { RandomStreams } from '../core/random-streams.ts'
import { askedTwice, backUnsaved, bornAgain, cutShort, lastStanding } from './chains.ts'
import type { Fault } from './fault.ts'
import type { Targets } from './fault-classes.ts'

const TARGETS: Targets = {
  nodes: ['node-1', 'node-2', 'node-3'],
  mayBeWiped: ['node-2'],
  clients: [],
  mayLosePower: true,
  mayBlackOut: true,
  mayLoseDisks: true,
  rottingController: null,
}

function drawn(draw: (random: ReturnType<RandomStreams['stream']>) => readonly Fault[]): readonly (readonly Fault[])[] {
  return Array.from({ length: 200 }, (_, seed) => draw(new RandomStreams(seed).stream('faults')))
}

describe('the last one standing', () => {
  it('is left by two others, of which the second loses what only it had', () => {
    for (const faults of drawn((random) => lastStanding(random, 1_000, TARGETS))) {
      const [away, damaged, silent] = faults
      expect([away?.kind, away?.atMs]).toEqual(['crash', 1_000])
      expect(damaged?.kind === 'wipe' || (damaged?.kind === 'crash' && damaged.how === 'power')).toBe(true)
      expect(damaged?.atMs).toBeGreaterThan(1_000)
      expect(new Set(faults.map((fault) => ('node' in fault ? fault.node : ''))).size).toBe(3)
      expect(silent?.kind).toMatch(/isolate|pause|crash/)
    }
  })

  it('is nobody where nodes are too few, and nothing is lost that had to be kept', () => {
    const random = new RandomStreams(1).stream('faults')
    expect(lastStanding(random, 0, { ...TARGETS, nodes: ['node-1', 'node-2'] })).toEqual([])
    const careful = { ...TARGETS, mayLosePower: false, mayLoseDisks: false }
    for (const [, damaged] of drawn((stream) => lastStanding(stream, 0, careful)))
      expect(damaged).toMatchObject({ kind: 'crash', how: 'process' })
  })
})

describe('a replica that is born again', () => {
  it('loses its disk while others ask for it to be in sync, and their calls are late', () => {
    for (const faults of drawn((random) => bornAgain(random, 0, TARGETS))) {
      const late = faults.filter(({ kind }) => kind === 'late-calls')
      expect(late.map((fault) => ('node' in fault ? fault.node : ''))).toEqual(['node-1', 'node-3'])
      const [crash, wipe] = [faults[0], faults.at(-1)]
      if (crash?.kind !== 'crash' || wipe?.kind !== 'wipe-joining') throw new Error('it crashes first and is wiped when it is back')
      expect(wipe.atMs).toBe(crash.atMs + crash.downMs)
      expect(new Set([crash.node, wipe.node])).toEqual(new Set(['node-2']))
    }
  })

  it('is none where topics do not promise to survive the loss of a disk', () => {
    const random = new RandomStreams(1).stream('faults')
    expect(bornAgain(random, 0, { ...TARGETS, mayLoseDisks: false })).toEqual([])
    expect(bornAgain(random, 0, { ...TARGETS, mayBeWiped: [] })).toEqual([])
  })
})

describe('a node that is cut short', () => {
  it('is heard late by all others, or hears none of them, until it ends', () => {
    for (const faults of drawn((random) => cutShort(random, 1_000, TARGETS))) {
      const [crash, links] = [faults.at(-1), faults.slice(0, -1)]
      if (crash?.kind !== 'crash') throw new Error('it ends with a crash')
      const ends = links.map((fault) => (fault.kind === 'cut' ? fault.to : fault.kind === 'clog' ? fault.from : ''))
      expect(ends).toEqual([crash.node, crash.node])
      expect(new Set(links.map(({ kind }) => kind)).size).toBe(1)
      for (const link of links) expect('forMs' in link && link.atMs + link.forMs).toBe(crash.atMs)
    }
  })
})

describe('a node that comes back unsaved', () => {
  it('is not heard while its device saves nothing, and heard again before it does', () => {
    for (const [stall, silence, ...more] of drawn((random) => backUnsaved(random, 1_000, TARGETS))) {
      if (stall?.kind !== 'disk-stall' || silence?.kind !== 'isolate') throw new Error('it stalls, and then it is isolated')
      expect([stall.atMs, silence.node, more]).toEqual([1_000, stall.node, []])
      expect(silence.atMs).toBeGreaterThan(stall.atMs)
      expect(silence.atMs + silence.forMs).toBeLessThan(stall.atMs + stall.forMs)
    }
  })
})

describe('what is asked twice', () => {
  it('is for a replica that was away, and comes again when leaders do not hear it any more', () => {
    for (const faults of drawn((random) => askedTwice(random, 1_000, TARGETS))) {
      const [crash, silence] = [faults[0], faults.at(-1)]
      if (crash?.kind !== 'crash' || silence?.kind !== 'silence-joining') throw new Error('it crashes first and is silent when it is back')
      expect([silence.node, silence.atMs]).toEqual([crash.node, crash.atMs + crash.downMs])
      const calls = faults.flatMap((fault) => (fault.kind === 'repeated-calls' ? [fault] : []))
      expect(new Set(calls.map(({ node }) => node)).size).toBe(2)
      for (const { node, atMs, byMs, forMs } of calls) {
        expect(node).not.toBe(crash.node)
        expect(atMs + forMs).toBe(silence.atMs + silence.withinMs)
        expect(byMs).toBeLessThan(silence.silentMs)
      }
    }
  })
})
