import { describe, expect, it } from 'vitest'
import { toAssignment, type TopicPartitions } from './assignment.ts'
import { type OwnedPartitions, OWNS_NOTHING, partitionsOf, withEpoch } from './owned-partitions.ts'
import { type CurrentAssignment, isReconciled, MEMBER_STATES, NEW_MEMBER, reconcile } from './reconciliation.ts'

const { stable, unrevokedPartitions, unreleasedPartitions } = MEMBER_STATES
const TOPIC = 'a'
const OTHER = 'b'

function some(...partitions: number[]): TopicPartitions[] {
  return [{ topicId: TOPIC, partitions }]
}

function owned(...partitions: number[]): OwnedPartitions {
  return partitions.length === 0 ? OWNS_NOTHING : withEpoch(toAssignment(some(...partitions)), 5)
}

function member(state: number, memberEpoch: number, assigned: number[], pending: number[] = []): CurrentAssignment {
  return { memberEpoch, previousMemberEpoch: memberEpoch - 1, state, assigned: owned(...assigned), pendingRevocation: owned(...pending) }
}

interface Given {
  readonly target: number[]
  readonly reported?: number[]
  readonly taken?: number[]
  readonly isUnsubscribed?: boolean
}

/** Towards epoch 7. Says what became of the member in one line. */
function outcome(current: CurrentAssignment, { target, reported, taken = [], isUnsubscribed = false }: Given): string {
  const next = reconcile(current, {
    targetEpoch: 7,
    target: toAssignment(some(...target)),
    reported: reported === undefined ? null : some(...reported),
    isSubscribed: () => !isUnsubscribed,
    isOwnedByAnother: (_, partition) => taken.includes(partition),
  })
  if (next === null) return 'begins anew'
  if (next === current) return 'unchanged'
  const list = (of: OwnedPartitions): string =>
    partitionsOf(of)
      .flatMap(({ partitions }) => partitions)
      .join() || 'none'
  const epochs = `${next.memberEpoch} (${next.previousMemberEpoch})`
  const state = ['stable', 'unrevoked', 'unreleased'][next.state]
  return `${state} ${epochs} has ${list(next.assigned)}, gives up ${list(next.pendingRevocation)}`
}

describe('reconciliation', () => {
  it.each<[string, CurrentAssignment, Given, string]>([
    ['a new member gets what is free', NEW_MEMBER, { target: [0, 1], reported: [] }, 'stable 7 (0) has 0,1, gives up none'],
    ['a new member waits for what is not', NEW_MEMBER, { target: [0, 1], taken: [1] }, 'unreleased 7 (0) has 0, gives up none'],
    ['a new member may have nothing yet', NEW_MEMBER, { target: [1], taken: [1] }, 'unreleased 7 (0) has none, gives up none'],
    ['stable at the target', member(stable, 7, [0]), { target: [0] }, 'unchanged'],
    ['stable, with more to come', member(stable, 6, [0]), { target: [0, 1] }, 'stable 7 (6) has 0,1, gives up none'],
    ['stable, with the same to have', member(stable, 6, [0]), { target: [0] }, 'stable 7 (6) has 0, gives up none'],
    ['stable, with something to give up', member(stable, 6, [0, 1]), { target: [0, 2] }, 'unrevoked 6 (5) has 0, gives up 1'],
    ['stable, and already without it', member(stable, 6, [0, 1]), { target: [0, 2], reported: [0] }, 'stable 7 (6) has 0,2, gives up none'],
    [
      'stable, without a subscription',
      member(stable, 7, [0]),
      { target: [0], isUnsubscribed: true },
      'unrevoked 7 (6) has none, gives up 0',
    ],
    ['unrevoked, and silent about it', member(unrevokedPartitions, 6, [0], [1]), { target: [0] }, 'unchanged'],
    ['unrevoked, and still with it', member(unrevokedPartitions, 6, [0], [1]), { target: [0], reported: [0, 1] }, 'unchanged'],
    [
      'unrevoked, and without it',
      member(unrevokedPartitions, 6, [0], [1]),
      { target: [0, 2], reported: [0] },
      'stable 7 (6) has 0,2, gives up none',
    ],
    [
      'unrevoked, and to have it again',
      member(unrevokedPartitions, 6, [0], [1]),
      { target: [0, 1], reported: [0] },
      'stable 7 (6) has 0,1, gives up none',
    ],
    [
      'unrevoked, and the target went on',
      member(unrevokedPartitions, 6, [0, 2], [1]),
      { target: [0], reported: [0, 2] },
      'unrevoked 6 (5) has 0, gives up 2',
    ],
    [
      'unrevoked, without a subscription',
      member(unrevokedPartitions, 6, [0], [1]),
      { target: [0], isUnsubscribed: true },
      'unrevoked 6 (5) has none, gives up 0,1',
    ],
    [
      'unreleased, with nothing freed',
      member(unreleasedPartitions, 7, [0]),
      { target: [0, 1], taken: [1] },
      'unreleased 7 (6) has 0, gives up none',
    ],
    [
      'unreleased, with some freed',
      member(unreleasedPartitions, 7, [0]),
      { target: [0, 1, 2], taken: [2] },
      'unreleased 7 (6) has 0,1, gives up none',
    ],
    ['unreleased, with all freed', member(unreleasedPartitions, 7, [0]), { target: [0, 1] }, 'stable 7 (6) has 0,1, gives up none'],
    ['unreleased, and the target went on', member(unreleasedPartitions, 6, [0]), { target: [1] }, 'unrevoked 6 (5) has none, gives up 0'],
    [
      'away and back',
      { ...member(stable, -2, [0]), previousMemberEpoch: -2 },
      { target: [0], reported: [] },
      'stable 7 (-2) has 0, gives up none',
    ],
    ['a state of a newer version', member(9, 6, [0]), { target: [0] }, 'begins anew'],
    ['a state of a newer version, with partitions', member(9, 6, [0]), { target: [0], reported: [0] }, 'begins anew'],
  ])('%s', (_, current, given, expected) => {
    expect(outcome(current, given)).toBe(expected)
  })

  it('lets a member in a state of a newer version go on once it has nothing', () => {
    const next = reconcile(member(9, 6, [0]), {
      targetEpoch: 7,
      target: toAssignment(some(0, 1)),
      reported: [],
      isSubscribed: () => true,
      isOwnedByAnother: () => false,
    })
    expect(next).toMatchObject({ state: stable, memberEpoch: 7 })
  })

  it('remembers since when a partition belongs to the member', () => {
    const next = reconcile(member(stable, 6, [0]), {
      targetEpoch: 7,
      target: new Map([
        [TOPIC, [0, 1]],
        [OTHER, [3]],
      ]),
      reported: null,
      isSubscribed: () => true,
      isOwnedByAnother: () => false,
    })
    expect(next?.assigned).toEqual(
      new Map([
        [
          TOPIC,
          new Map([
            [0, 5],
            [1, 7],
          ]),
        ],
        [OTHER, new Map([[3, 7]])],
      ]),
    )
  })

  it('is done when the member is stable in the epoch of the target', () => {
    expect(isReconciled(member(stable, 7, []), 7)).toBe(true)
    expect(isReconciled(member(stable, 6, []), 7)).toBe(false)
    expect(isReconciled(member(unreleasedPartitions, 7, []), 7)).toBe(false)
  })
})
