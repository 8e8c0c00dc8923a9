/** The node from outside: what it ignores, what it refuses, what it stops for, and that it is a function of what it was told. */
import { describe, expect, it } from 'vitest'
import {
  type DataEntry,
  type Effect,
  type InitialState,
  InvariantError,
  type Message,
  membershipOf,
  NEW_HARD_STATE,
  RaftNode,
  type RaftOptions,
} from './index.ts'
import { SeededRandom } from './testing/seeded-random.ts'

const GROUP = membershipOf(['a', 'b', 'c'])

const NEW: InitialState = {
  hardState: NEW_HARD_STATE,
  snapshot: { index: 0, term: 0, membership: GROUP },
  log: { compacted: { index: 0, term: 0 }, lastIndex: 0, termStarts: [], memberships: [] },
  appliedIndex: 0,
}

function nodeOf(initial: Partial<InitialState> = {}, options: Partial<RaftOptions> = {}): RaftNode {
  const node = new RaftNode({ id: 'a', groupId: 'g', random: () => 0, initial: { ...NEW, ...initial }, ...options })
  node.drain()
  return node
}

/** One event, and what came of it. */
function step(node: RaftNode, ...events: Parameters<RaftNode['step']>): readonly Effect[] {
  node.step(...events)
  return node.drain()
}

function receive(node: RaftNode, message: Partial<Message> & { readonly type: Message['type']; readonly term: number }): readonly Effect[] {
  return step(node, { type: 'message-received', message: { groupId: 'g', from: 'b', to: 'a', ...message } as Message })
}

/** A leader of a group of one, with everything durable and applied. */
function loneLeader(options: Partial<RaftOptions> = {}): RaftNode {
  const node = nodeOf({ snapshot: { index: 0, term: 0, membership: membershipOf(['a']) } }, options)
  node.step({ type: 'campaign-requested' })
  settle(node)
  return node
}

/** A leader of a group of three that has heard nothing from the others but their votes. */
function leaderOfThree(options: Partial<RaftOptions> = {}): RaftNode {
  const node = nodeOf({}, options)
  node.step({ type: 'campaign-requested' })
  for (const type of ['pre-vote-response', 'vote-response'] as const) {
    node.step({ type: 'message-received', message: { groupId: 'g', from: 'b', to: 'a', term: 1, type, isGranted: true } })
    settle(node)
  }
  expect(node.status.role).toBe('leader')
  return node
}

function settle(node: RaftNode): readonly Effect[] {
  const seen: Effect[] = []
  for (let effects = node.drain(); effects.length > 0; effects = node.drain()) {
    seen.push(...effects)
    for (const effect of effects) {
      if (effect.type === 'persist') node.step({ type: 'persisted', seq: effect.seq })
      if (effect.type === 'apply') node.step({ type: 'applied', index: effect.entries.at(-1)?.index ?? 0 })
    }
  }
  return seen
}

const HEARTBEAT = { type: 'heartbeat-request', round: 1, commitIndex: 0, recovery: null } as const

describe('a message', () => {
  it.each<[string, Partial<Message>]>([
    ['of another group', { groupId: 'other' }],
    ['for another node', { to: 'b' }],
    ['for a former life of this node, which had another id', { to: 'a-before-its-disk-was-lost' }],
    ['of this node itself', { from: 'a' }],
    ['that makes no sense', { term: Number.NaN }],
  ])('%s is dropped (I13)', (_name, change) => {
    const node = nodeOf()
    expect(receive(node, { ...HEARTBEAT, term: 4, ...change } as never)).toEqual([])
    expect(node.status.term).toBe(0)
  })
})

describe('an invariant that is broken', () => {
  it('by a second leader of one term stops the leader (I14)', () => {
    const node = leaderOfThree()
    expect(() => receive(node, { ...HEARTBEAT, term: 1 })).toThrow('I14')
  })

  it('by two leaders of one term stops the follower (I1)', () => {
    const node = nodeOf()
    receive(node, { ...HEARTBEAT, term: 1 })
    expect(() => receive(node, { ...HEARTBEAT, term: 1, from: 'c' })).toThrow('I1')
  })

  it('by storage that completes out of order stops the node, for good (I18)', () => {
    const node = nodeOf()
    receive(node, { ...HEARTBEAT, term: 1 })
    expect(() => node.step({ type: 'persisted', seq: 2 })).toThrow(InvariantError)
    expect(() => node.step({ type: 'tick' })).toThrow('I18')
    expect(() => node.drain()).toThrow('I18')
  })

  it('by an application that is further than what is committed stops the node (I3)', () => {
    expect(() => loneLeader().step({ type: 'applied', index: 7 })).toThrow('I3')
  })

  it('by a log that lost what no snapshot covers stops the node (I16)', () => {
    expect(() => loneLeader().step({ type: 'log-compacted', index: 1 })).toThrow('I16')
  })

  it('has a code', () => {
    expect(new InvariantError('I5', 'truncated')).toMatchObject({ code: 'ERR_RAFT_INVARIANT', invariant: 'I5', message: 'I5: truncated' })
  })
})

describe('a start', () => {
  const termStarts = [{ index: 1, term: 1 }]
  const log = { compacted: { index: 0, term: 0 }, lastIndex: 9, termStarts, memberships: [] }

  it('takes over what was known to be committed, as far as the log goes', () => {
    const node = nodeOf({ hardState: { ...NEW_HARD_STATE, term: 2, commitIndex: 7 }, log })
    expect([node.commitIndex, node.durableIndex, node.lastLog]).toEqual([7, 9, { index: 9, term: 1 }])
    expect(node.status.isRecovering).toBe(false)
  })

  it('takes it for a loss when the log does not reach what was known to be committed', () => {
    const node = nodeOf({ hardState: { ...NEW_HARD_STATE, term: 2, commitIndex: 12 }, log })
    expect(node.status.isRecovering).toBe(true)
  })

  it('takes it for a loss when the log does not reach what was durable', () => {
    expect(nodeOf({ hardState: { ...NEW_HARD_STATE, term: 2, durableIndex: 10 }, log }).status.isRecovering).toBe(true)
    expect(nodeOf({ hardState: { ...NEW_HARD_STATE, term: 2, durableIndex: 9 }, log }).status.isRecovering).toBe(false)
  })

  it('remembers a loss that an earlier start found', () => {
    expect(nodeOf({ hardState: { ...NEW_HARD_STATE, term: 2, isRecovering: true }, log }).status.isRecovering).toBe(true)
  })

  it('that found a loss has it written before anything else', () => {
    const node = new RaftNode({ id: 'a', groupId: 'g', random: () => 0, initial: { ...NEW, isRecovering: true } })
    expect(node.drain()).toContainEqual(expect.objectContaining({ type: 'persist', hardState: { ...NEW_HARD_STATE, isRecovering: true } }))
  })

  it('restores the application that is behind its snapshot, then gives it the entries that follow', () => {
    const snapshot = { index: 4, term: 1, membership: GROUP }
    const hardState = { ...NEW_HARD_STATE, term: 1, commitIndex: 6 }
    const node = new RaftNode({ id: 'a', groupId: 'g', random: () => 0, initial: { ...NEW, hardState, snapshot, log } })
    expect(node.drain().filter(({ type }) => type !== 'report-status')).toEqual([{ type: 'restore', snapshot }])
    const [read] = step(node, { type: 'applied', index: 4 })
    expect(read).toMatchObject({ type: 'read-entries', purpose: { type: 'apply' }, fromIndex: 5, lastIndex: 6 })
    const entries: DataEntry[] = [5, 6].map((index) => ({ type: 'data', index, term: 1, data: new Uint8Array() }))
    expect(step(node, { type: 'entries-read', purpose: { type: 'apply' }, entries })).toEqual([{ type: 'apply', entries }])
  })
})

describe('a leader', () => {
  it('keeps no more in memory than allowed, once it is durable', () => {
    const node = loneLeader({ limits: { recentBytes: 100, bytesPerApply: 1000 } })
    for (let count = 0; count < 20; count += 1) node.step({ type: 'proposed', data: [new Uint8Array(20)], context: count })
    node.drain()
    expect(node.recentBytes).toBeGreaterThan(1000)
    node.step({ type: 'persisted', seq: 3 })
    expect(node.recentBytes).toBeLessThanOrEqual(100)
  })

  it('writes together what came while as many writes as allowed were under way', () => {
    const node = loneLeader({ limits: { writesInFlight: 1 } })
    const propose = (): readonly Effect[] => step(node, { type: 'proposed', data: [new Uint8Array(1)], context: 0 })
    const written = (effects: readonly Effect[]): readonly number[] =>
      effects.flatMap((e) => (e.type === 'persist' ? [e.entries.length] : []))
    expect([propose(), propose(), propose()].map(written)).toEqual([[1], [], []])
    expect(written(step(node, { type: 'persisted', seq: 3 }))).toEqual([2])
  })

  it('lets no more reads wait than allowed', () => {
    const node = leaderOfThree({ limits: { waitingReads: 1 } })
    receive(node, { type: 'append-accepted', term: 1, matchIndex: 1 })
    settle(node)
    const reasons = [1, 2].map((context) =>
      step(node, { type: 'read-requested', context }).map((effect) => ('reason' in effect ? effect.reason : effect.type)),
    )
    expect(reasons).toEqual([['send', 'send'], ['too-many-waiting']])
  })

  it('does not believe an answer from before a restart that it has forgotten nothing', () => {
    const node = leaderOfThree()
    node.step({ type: 'tick' })
    node.step({ type: 'tick' })
    node.step({ type: 'tick' })
    const answer = { type: 'heartbeat-response', term: 1, verifiedIndex: 0 } as const
    receive(node, { ...answer, round: 2, recoveryId: 7 })
    receive(node, { ...answer, round: 1, recoveryId: null })
    const [refusal] = step(node, { type: 'transfer-requested', to: 'b', context: 0 })
    expect(refusal).toMatchObject({ type: 'refuse', reason: 'not-caught-up' })
  })

  it('says how long others have been silent, and how long they have lacked something', () => {
    const node = leaderOfThree()
    const ticksOf = (): readonly unknown[] => node.peers().map(({ silentTicks, laggingTicks }) => [silentTicks, laggingTicks])
    expect(ticksOf()).toEqual([
      [null, null],
      [null, null],
    ])
    receive(node, { type: 'append-accepted', term: 1, matchIndex: 1 })
    step(node, { type: 'tick' })
    expect(ticksOf()).toEqual([
      [1, 1],
      [null, null],
    ])
    step(node, { type: 'proposed', data: [new Uint8Array(1)], context: 0 })
    receive(node, { type: 'append-accepted', term: 1, matchIndex: 1 })
    expect(ticksOf()).toEqual([
      [0, 1],
      [null, null],
    ])
  })

  it('ignores an answer that claims more than there is', () => {
    const node = leaderOfThree()
    receive(node, { type: 'append-accepted', term: 1, matchIndex: 5 })
    expect(node.peers().map(({ matchIndex }) => matchIndex)).toEqual([0, 0])
  })
})

describe('a follower', () => {
  it('accepts what was written before a snapshot took its place, and agrees with it', () => {
    const node = nodeOf()
    const entries: DataEntry[] = [1, 2].map((index) => ({ type: 'data', index, term: 1, data: new Uint8Array() }))
    receive(node, { type: 'append-request', term: 1, previous: { index: 0, term: 0 }, entries, commitIndex: 0 })
    const snapshot = { index: 5, term: 1, membership: GROUP }
    receive(node, { type: 'snapshot-request', term: 1, snapshot, offset: 0, data: new Uint8Array(9), isLast: true })
    step(node, { type: 'snapshot-chunk-stored', snapshot, nextOffset: 9 })
    step(node, { type: 'snapshot-received', snapshot, isIntact: true })
    const accepted = step(node, { type: 'persisted', seq: 1 }).flatMap((effect) => (effect.type === 'send' ? [effect.message] : []))
    expect(accepted).toMatchObject([{ type: 'append-accepted', matchIndex: 2 }, { type: 'snapshot-response' }])
    expect(node.durableIndex).toBe(2)
  })
})

describe('a follower of a leader that sends larger pieces', () => {
  it('takes one at a time, however large', () => {
    const node = nodeOf({}, { limits: { snapshotChunkBytes: 1, snapshotChunksInFlight: 1 } })
    const snapshot = { index: 5, term: 1, membership: GROUP }
    const chunk = { type: 'snapshot-request', term: 1, snapshot, data: new Uint8Array(100), isLast: false } as const
    const storedBy = (offset: number): readonly unknown[] =>
      receive(node, { ...chunk, offset }).filter(({ type }) => type === 'store-snapshot')
    expect(storedBy(0)).toMatchObject([{ offset: 0 }])
    expect(storedBy(100)).toEqual([])
    step(node, { type: 'snapshot-chunk-stored', snapshot, nextOffset: 100 })
    expect(storedBy(100)).toMatchObject([{ offset: 100 }])
  })
})

describe('the same events', () => {
  it('lead to the same effects', () => {
    const play = (): string => {
      const random = new SeededRandom(7)
      const node = nodeOf({}, { random: random.uint32 })
      const effects: Effect[] = []
      for (let count = 0; count < 200; count += 1) {
        effects.push(...step(node, { type: 'tick' }))
        effects.push(...receive(node, { type: 'pre-vote-response', term: node.status.term + 1, isGranted: true }))
        effects.push(...settle(node))
      }
      return JSON.stringify(effects)
    }
    expect(play()).toBe(play())
  })
})
