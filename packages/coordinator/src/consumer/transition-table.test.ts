/** Plays every cell of the table. */
import { ERROR_CODES } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { ConsumerMember } from '../testing/consumer-member.ts'
import { GroupHarness } from '../testing/group-harness.ts'
import { type TableEvent, type TableState, TRANSITIONS } from './transition-table.ts'

interface Scene {
  readonly harness: GroupHarness
  /** Dynamic. In Reconciling it is the one that has to let go. */
  readonly first: ConsumerMember
  /** Static. */
  readonly second: ConsumerMember
}

function scene(): Scene {
  const harness = new GroupHarness()
  harness.addTopic('orders', 4)
  harness.addTopic('payments', 2)
  const topics = ['orders']
  return {
    harness,
    first: new ConsumerMember(harness, 'first', { topics }),
    second: new ConsumerMember(harness, 'second', { topics, instanceId: 'i' }),
  }
}

function stable(): Scene {
  const made = scene()
  made.first.heartbeat()
  for (let round = 0; round < 3; round += 1) for (const member of [made.second, made.first]) member.heartbeat()
  return made
}

const GROUPS: Readonly<Record<TableState, () => Scene>> = {
  Dead: scene,
  Empty() {
    const made = scene()
    made.first.heartbeat()
    made.first.leave()
    return made
  },
  Assigning() {
    const made = stable()
    const third = new ConsumerMember(made.harness, 'third', { topics: ['orders'] })
    for (let round = 0; round < 4; round += 1) for (const member of [third, made.first, made.second]) member.heartbeat()
    third.leave()
    return made
  },
  Reconciling() {
    const made = scene()
    made.first.heartbeat()
    made.second.heartbeat()
    made.first.heartbeat()
    return made
  },
  Stable: stable,
}

const EVENTS: Readonly<Record<TableEvent, (scene: Scene) => void>> = {
  'a member joins': ({ harness }) => void new ConsumerMember(harness, 'new', { topics: ['orders'] }).heartbeat(),
  'a member is heard of': ({ second }) => void second.heartbeat(),
  'a member lets go': ({ first }) => void first.heartbeat(),
  'a member subscribes to something else'({ second }) {
    second.subscribe('payments')
    second.heartbeat()
  },
  'a member leaves': ({ first }) => void first.leave(),
  'the last member leaves'({ first, second }) {
    first.leave()
    second.leave()
  },
  'a member is not heard of'({ harness, second }) {
    harness.advance(44_000)
    // Whoever else is there is heard of, and learns nothing by it.
    second.send({ ...second.request(), memberEpoch: second.epoch })
    harness.advance(2_000)
  },
  'a member does not let go in time'({ harness, first, second }) {
    for (let waitedMs = 0; waitedMs < 60_000; waitedMs += 20_000) {
      for (const member of [first, second]) member.send({ ...member.request(), topicPartitions: null })
      harness.advance(20_000)
    }
  },
  'a static member goes away': ({ second }) => void second.leave(-2),
  'a static member comes back'({ harness, second }) {
    second.leave(-2)
    new ConsumerMember(harness, 'back', { topics: ['orders'], instanceId: 'i' }).heartbeat()
  },
  'topics change, and a member is heard of'({ harness, second }) {
    harness.addTopic('orders', 6)
    harness.step({ type: 'topics-changed', ...harness.time })
    second.heartbeat()
  },
  'the coordinator moves': ({ harness }) => harness.failOver(),
}

function stateOf({ harness }: Scene): string {
  const request = { groupIds: ['group'], includeAuthorizedOperations: false }
  const group = harness.ask('ConsumerGroupDescribe', request, { apiVersion: 1 }).groups[0]
  return group?.errorCode === ERROR_CODES.GROUP_ID_NOT_FOUND ? 'Dead' : (group?.groupState ?? '')
}

const cells = Object.entries(TRANSITIONS).flatMap(([event, row]) =>
  Object.entries(row).flatMap(([state, next]) => (next === null ? [] : [[event as TableEvent, state as TableState, next] as const])),
)

describe('a group', () => {
  it.each(Object.keys(GROUPS) as TableState[])('can be made that is %s', (state) => {
    expect(stateOf(GROUPS[state]())).toBe(state)
  })

  it.each(cells)('when %s: %s to %s', (event, state, next) => {
    const made = GROUPS[state]()
    EVENTS[event](made)
    expect(stateOf(made)).toBe(next)
  })
})
