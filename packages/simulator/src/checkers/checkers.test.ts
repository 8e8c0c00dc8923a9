/** The checkers are checked: each finds what it is there for, and nothing else. */
import { describe, expect, it } from 'vitest'
import { History } from '../workload/history.ts'
import { MetadataHistory } from '../workload/metadata-history.ts'
import { lostRecords } from './acknowledged-survive.ts'
import { findContradiction } from './linearizable-metadata.ts'
import { duplicatesAndReorderings } from './once-and-in-order.ts'
import { ReadsAgree } from './reads-agree.ts'

/** Three records of one producer, acknowledged at offsets 0, 1 and 2 of partition 0. */
function threeSent(): History {
  const history = new History()
  for (const sequence of [0, 1, 2]) {
    const value = `p:0:${sequence}`
    const sent = history.sending({ producer: 'p', isIdempotent: true, acks: 'all', partition: 0, sequence, value, sentMs: sequence })
    sent.outcome = 'acknowledged'
    sent.offset = sequence
  }
  return history
}

const found = (...values: readonly string[]): readonly { readonly offset: number; readonly value: string }[] =>
  values.map((value, offset) => ({ offset, value }))

describe('acknowledged records', () => {
  it('that are where they were said to be are not missed', () => {
    expect(lostRecords(threeSent().sent, [found('p:0:0', 'p:0:1', 'p:0:2')])).toEqual([])
  })

  it('are missed when they are gone or something else is in their place', () => {
    expect(lostRecords(threeSent().sent, [found('p:0:0', 'p:0:2')])).toEqual([
      '"p:0:1" was acknowledged at 0@1, and "p:0:2" is there',
      '"p:0:2" was acknowledged at 0@2, and nothing is there',
    ])
  })
})

describe('records of an idempotent producer', () => {
  it.each([
    ['in order', ['p:0:0', 'p:0:1', 'p:0:2'], []],
    ['twice', ['p:0:0', 'p:0:1', 'p:0:1'], ['"p:0:1" is twice in partition 0, at 1 and 2']],
    ['out of order', ['p:0:1', 'p:0:0'], ['"p:0:0" at 0@1 comes after "p:0:1", and was sent before it']],
  ])('%s', (_name, values, complaints) => {
    expect(duplicatesAndReorderings(threeSent(), [found(...values)])).toEqual(complaints)
  })
})

describe('reads', () => {
  function watching(): { readonly reads: ReadsAgree; readonly complaints: string[] } {
    const complaints: string[] = []
    return { reads: new ReadsAgree(2, threeSent(), (message) => complaints.push(message)), complaints }
  }

  it('agree when everybody finds the same', () => {
    const { reads, complaints } = watching()
    for (const who of ['a', 'b']) reads.observe(who, 0, 1, 'p:0:1')
    reads.checkFinal(0, found('p:0:0', 'p:0:1'))
    expect(complaints).toEqual([])
  })

  it('disagree when a place holds something else, nothing any more, or what nobody sent there', () => {
    const { reads, complaints } = watching()
    reads.observe('a', 0, 1, 'p:0:1')
    reads.observe('b', 0, 1, 'p:0:2')
    reads.observe('b', 0, 0, 'made up')
    reads.observe('b', 1, 0, 'p:0:0')
    reads.checkFinal(0, found('p:0:0'))
    expect(complaints).toHaveLength(4)
  })
})

describe('metadata', () => {
  type Step = readonly ['create' | 'delete', 'done' | 'refused' | 'maybe'] | 'together'

  function history(...steps: readonly Step[]): MetadataHistory {
    const metadata = new MetadataHistory()
    const open: (() => void)[] = []
    let isTogether = false
    for (const step of steps) {
      if (step === 'together') {
        isTogether = true
        continue
      }
      const operation = metadata.begin(step[0], 'red')
      const end = (): void => metadata.end(operation, step[1])
      if (isTogether) open.push(end)
      else end()
    }
    for (const end of open) end()
    return metadata
  }

  it.each<readonly [string, readonly Step[]]>([
    [
      'one after the other',
      [
        ['create', 'done'],
        ['create', 'refused'],
        ['delete', 'done'],
        ['delete', 'refused'],
        ['create', 'done'],
      ],
    ],
    ['at the same time, in either order', ['together', ['delete', 'done'], ['create', 'done']]],
    ['two creations, one of which loses', ['together', ['create', 'refused'], ['create', 'done']]],
    [
      'an unknown creation that happened',
      [
        ['create', 'maybe'],
        ['delete', 'done'],
      ],
    ],
    [
      'an unknown creation that did not',
      [
        ['create', 'maybe'],
        ['create', 'done'],
      ],
    ],
    [
      'an unknown deletion that happened late',
      [
        ['create', 'done'],
        ['delete', 'maybe'],
        ['create', 'refused'],
        ['create', 'done'],
      ],
    ],
  ])('has an explanation: %s', (_name, steps) => {
    expect(findContradiction(history(...steps).operations)).toBeNull()
  })

  it.each<readonly [string, readonly Step[]]>([
    [
      'created twice',
      [
        ['create', 'done'],
        ['create', 'done'],
      ],
    ],
    ['deleted and never created', [['delete', 'done']]],
    ['refused, and it was not there', [['create', 'refused']]],
    ['both of two creations at the same time', ['together', ['create', 'done'], ['create', 'done']]],
    [
      'one unknown deletion explains no two creations more',
      [
        ['create', 'done'],
        ['delete', 'maybe'],
        ['create', 'done'],
        ['create', 'done'],
      ],
    ],
  ])('has none: %s', (_name, steps) => {
    expect(findContradiction(history(...steps).operations)).toContain('nothing explains')
  })
})
