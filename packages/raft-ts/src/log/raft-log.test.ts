/** The log as a whole: what it refuses to do, whoever asks. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { Entry } from '../entries.ts'
import { RaftLog } from './raft-log.ts'

const noop = (term: number, index: number): Entry => ({ type: 'noop', term, index })

let log: RaftLog

beforeEach(() => {
  log = new RaftLog({ compacted: { index: 0, term: 0 }, termStarts: [], lastIndex: 0, commitIndex: 0, appliedIndex: 0 })
  log.append([noop(1, 1), noop(1, 2), noop(2, 3)])
})

describe('the log', () => {
  it('has an entry only under its own term', () => {
    const positions = [noop(1, 2), noop(2, 2), noop(2, 3), noop(2, 4), { index: 0, term: 0 }]
    expect(positions.map((position) => log.has(position))).toEqual([true, false, true, false, true])
  })

  it('hands over what was not handed over yet, once', () => {
    expect(log.takeWrite(1)).toEqual({ truncateFrom: null, entries: [noop(1, 1), noop(1, 2), noop(2, 3)] })
    expect(log.takeWrite(2)).toEqual({ truncateFrom: null, entries: [] })
    log.truncateFrom(3)
    log.append([noop(3, 3)])
    expect(log.takeWrite(3)).toEqual({ truncateFrom: 3, entries: [noop(3, 3)] })
  })

  it('lets go of nothing that is not durable', () => {
    log.takeWrite(1)
    log.evict(0)
    expect(log.recentIndex).toBe(1)
    log.written(1)
    log.evict(0)
    expect(log.recentIndex).toBe(4)
  })

  it('keeps the term of what was compacted last', () => {
    log.commitTo(2)
    log.compactTo(2)
    expect([0, 1, 2, 3].map((index) => log.termAt(index))).toEqual([undefined, undefined, 1, 2])
  })

  it.each<[string, () => void]>([
    ['I5: is cut back into what is committed', () => log.truncateFrom(2)],
    ['I5: is replaced by a snapshot of what is committed', () => log.replaceBySnapshot({ index: 2, term: 1 }, 0)],
    ['I3: is committed beyond its end', () => log.commitTo(4)],
    ['I3: is applied beyond what is committed', () => log.appliedTo(3)],
    ['I2: is applied backwards', () => log.appliedTo(0)],
    ['I4: has a gap', () => log.append([noop(2, 5)])],
    ['I4: has terms that go back', () => log.append([noop(1, 4)])],
  ])('never, by %s', (claim, break_) => {
    log.commitTo(2)
    log.appliedTo(1)
    expect(break_).toThrow(claim.slice(0, 3))
  })
})
