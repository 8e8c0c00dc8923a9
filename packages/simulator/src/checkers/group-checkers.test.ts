/** The checkers of groups find what they are there for, and nothing else. */
import { describe, expect, it } from 'vitest'
import { History } from '../workload/history.ts'
import { CommittedOffsets } from './committed-offsets.ts'
import { NothingSkipped } from './nothing-skipped.ts'
import { OneOwner } from './one-owner.ts'
import { RisingEpochs } from './rising-epochs.ts'

describe('the owner of a partition', () => {
  function owners(): { readonly checker: OneOwner; readonly complaints: string[] } {
    const complaints: string[] = []
    return { checker: new OneOwner((message) => complaints.push(message)), complaints }
  }

  it('may be shut out without knowing it', () => {
    const { checker, complaints } = owners()
    checker.has('one', [0], 10)
    checker.granted('one', [0], 20)
    checker.has('other', [0], 30)
    checker.granted('other', [0], 40)
    checker.letGo('one', [0])
    expect(complaints).toEqual([])
  })

  it('is not granted anything after another one is', () => {
    const { checker, complaints } = owners()
    checker.has('one', [0, 1], 10)
    checker.has('other', [1], 30)
    checker.granted('other', [1], 40)
    checker.granted('one', [0, 1], 41)
    expect(complaints).toEqual(['since 30 ms, both one and other had partition 1, and were counted as members'])
  })

  it('has let go of it, whoever is granted what afterwards', () => {
    const { checker, complaints } = owners()
    checker.has('one', [0], 10)
    checker.letGo('one', [0])
    checker.has('other', [0], 30)
    checker.granted('one', [], 40)
    checker.granted('one', [0], 40)
    checker.granted('other', [0], 41)
    expect(complaints).toEqual([])
  })

  it('may get it again', () => {
    const { checker, complaints } = owners()
    checker.has('one', [0], 10)
    checker.granted('one', [0], 11)
    checker.letGo('one', [0])
    checker.has('other', [0], 20)
    checker.granted('other', [0], 21)
    checker.letGo('other', [0])
    checker.has('one', [0], 30)
    checker.granted('one', [0], 31)
    expect(complaints).toEqual([])
  })

  it('is one in each generation', () => {
    const { checker, complaints } = owners()
    checker.assigned('one', 3, [0, 1])
    checker.assigned('other', 4, [0, 1])
    checker.assigned('other', 3, [2])
    expect(complaints).toEqual([])
    checker.assigned('other', 3, [1])
    expect(complaints).toEqual(['in generation 3, partition 1 was given to one and to other'])
  })
})

describe('epochs', () => {
  function epochs(): { readonly checker: RisingEpochs; readonly complaints: string[] } {
    const complaints: string[] = []
    return { checker: new RisingEpochs((message) => complaints.push(message)), complaints }
  }

  it('may be answered late', () => {
    const { checker, complaints } = epochs()
    checker.heard(4, 10)
    checker.heard(5, 20)
    checker.granted('a heartbeat was taken', 4, 20)
    checker.granted('a heartbeat was taken', 5, 21)
    expect(complaints).toEqual([])
  })

  it('do not come back', () => {
    const { checker, complaints } = epochs()
    checker.heard(5, 20)
    checker.heard(4, 25)
    checker.granted('a heartbeat was taken', 4, 30)
    expect(complaints).toEqual(['a heartbeat was taken in epoch 4, and was asked 30 ms from the start, when there was epoch 5 already'])
  })
})

describe('committed offsets', () => {
  function offsets(): { readonly checker: CommittedOffsets; readonly complaints: string[] } {
    const complaints: string[] = []
    return { checker: new CommittedOffsets((message) => complaints.push(message)), complaints }
  }

  it('are what was acknowledged last', () => {
    const { checker, complaints } = offsets()
    checker.found({ partition: 0, offset: -1, id: '' }, 1, 2)
    checker.ended(checker.sending('a', 0, 5, 10), 'acknowledged', 12)
    checker.ended(checker.sending('b', 0, 9, 14), 'acknowledged', 16)
    checker.found({ partition: 0, offset: 9, id: 'b' }, 17, 18)
    expect(complaints).toEqual([])
    checker.found({ partition: 0, offset: 5, id: 'a' }, 17, 18)
    checker.found({ partition: 0, offset: -1, id: '' }, 19, 20)
    expect(complaints).toEqual([
      'offset 5 ("a") of partition 0 was found at 18 ms, and "b" was acknowledged at 16 ms, before that',
      'offset -1 ("") of partition 0 was found at 20 ms, and "a" was acknowledged at 12 ms, before that',
    ])
  })

  it('may be those of either of two commits that were under way together', () => {
    const { checker, complaints } = offsets()
    const [a, b] = [checker.sending('a', 0, 5, 10), checker.sending('b', 0, 9, 11)]
    checker.ended(b, 'acknowledged', 12)
    checker.ended(a, 'acknowledged', 13)
    checker.found({ partition: 0, offset: 9, id: 'b' }, 17, 18)
    checker.found({ partition: 0, offset: 5, id: 'a' }, 17, 18)
    expect(complaints).toEqual([])
  })

  it('stay once they were found, whoever was told', () => {
    const { checker, complaints } = offsets()
    checker.ended(checker.sending('a', 0, 5, 10), 'acknowledged', 12)
    const unsure = checker.sending('b', 0, 9, 14)
    checker.ended(unsure, 'maybe', 16)
    checker.found({ partition: 0, offset: 5, id: 'a' }, 17, 18)
    checker.found({ partition: 0, offset: 9, id: 'b' }, 20, 21)
    expect(complaints).toEqual([])
    checker.found({ partition: 0, offset: 5, id: 'a' }, 22, 23)
    expect(complaints).toEqual(['offset 5 ("a") of partition 0 was found at 23 ms, and "b" was acknowledged at 21 ms, before that'])
  })

  it('are none that was refused, or that nobody committed', () => {
    const { checker, complaints } = offsets()
    checker.ended(checker.sending('a', 0, 5, 10), 'refused', 12)
    checker.found({ partition: 0, offset: 5, id: 'a' }, 17, 18)
    checker.found({ partition: 0, offset: 6, id: 'b' }, 17, 18)
    const late = checker.sending('c', 1, 7, 20)
    checker.found({ partition: 1, offset: 7, id: 'c' }, 21, 22)
    checker.ended(late, 'refused', 23)
    checker.found({ partition: 0, offset: 7, id: 'c' }, 24, 25)
    expect(complaints).toEqual([
      'offset 5 ("a") of partition 0 was found, and had been refused',
      'offset 6 ("b") of partition 0 was found, and nobody committed it',
      '"c" was found, and then refused',
      'offset 7 ("c") of partition 0 was found, and committed as 7 of partition 1',
    ])
  })
})

it('a group that goes past a record which no member processed has skipped it', () => {
  const history = new History()
  const record = { producer: 'p', isIdempotent: true, acks: 'all' as const, partition: 0, sentMs: 1 }
  for (const sequence of [0, 1, 2, 3]) {
    const sent = history.sending({ ...record, sequence, value: `p:0:${sequence}` })
    sent.offset = sequence
    sent.outcome = 'acknowledged'
  }
  const checker = new NothingSkipped()
  for (const offset of [0, 1]) checker.processed(0, offset)
  expect(checker.skipped(history.sent)).toEqual([])
  checker.processed(0, 3)
  expect(checker.nextOffset(0)).toBe(4)
  expect(checker.skipped(history.sent)).toEqual(['"p:0:2" at 0@2 was processed by no member'])
})
