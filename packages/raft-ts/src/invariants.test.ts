/** Each invariant that one node can see of itself, broken on purpose from within, and seen to be found. */
import { describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS, NEW_HARD_STATE, type RaftOptions } from './config.ts'
import { drain } from './drain.ts'
import { initialState } from './initial-state.ts'
import type { RaftLog } from './log/raft-log.ts'
import { TermIndex } from './log/term-index.ts'
import { membershipOf } from './membership/membership.ts'
import type { Message } from './messages.ts'
import { Progress } from './replication/progress.ts'
import { becomeCandidate, becomeLeader } from './roles.ts'
import { checkSelf, milestonesOf } from './self-check.ts'
import { sendAfterHardState, sendAfterLog, sendNow } from './speaking.ts'
import type { RaftState } from './state.ts'
import { step } from './step.ts'
import { WriteStream } from './write-stream.ts'

const OPTIONS: RaftOptions = {
  id: 'a',
  groupId: 'g',
  random: () => 0,
  initial: {
    hardState: { ...NEW_HARD_STATE, term: 2 },
    snapshot: { index: 0, term: 0, membership: membershipOf(['a', 'b', 'c']) },
    log: { compacted: { index: 0, term: 0 }, lastIndex: 5, termStarts: [{ index: 1, term: 1 }], memberships: [] },
    appliedIndex: 3,
  },
}

const FORGOT = { id: 1, targetIndex: 0, targetTerm: 0 }

/** A follower in term 2 whose log goes to 1/5, and is committed and applied up to 3. */
const follower = (): RaftState => initialState(OPTIONS)

/** Gives and writes its vote to itself, and leads in term 3. */
function leader(): RaftState {
  const raft = follower()
  becomeCandidate(raft)
  drain(raft)
  step(raft, { type: 'persisted', seq: 1 })
  becomeLeader(raft)
  return raft
}

const receive = (raft: RaftState, message: Partial<Message>): void => {
  step(raft, { type: 'message-received', message: { groupId: 'g', from: 'b', to: 'a', term: 2, ...message } as Message })
}

const data = (index: number, term: number) => ({ type: 'data', index, term, data: new Uint8Array() }) as const

/** What can be seen of the log, as it would be after a bug. */
const withLog = (raft: RaftState, wrong: Partial<RaftLog>): RaftState => {
  const { appliedIndex, commitIndex, durableIndex, last } = raft.log
  return { ...raft, log: { appliedIndex, commitIndex, durableIndex, last, ...wrong } as RaftLog }
}

describe('an invariant that is broken', () => {
  it.each<[string, string, () => void]>([
    ['I2', 'a term that goes back', () => checkSelf(follower(), { ...milestonesOf(follower()), term: 3 })],
    ['I2', 'a commit index that goes back', () => checkSelf(follower(), { ...milestonesOf(follower()), commitIndex: 4 })],
    ['I2', 'an applied index that goes back', () => checkSelf(follower(), { ...milestonesOf(follower()), appliedIndex: 4 })],
    ['I2', 'a vote that is taken back', () => checkSelf(follower(), { ...milestonesOf(follower()), votedFor: 'b' })],
    ['I2', 'a leader without a durable vote', () => becomeLeader(follower())],
    ['I3', 'applied beyond committed', () => step(follower(), { type: 'applied', index: 4 })],
    ['I3', 'committed beyond the end', () => follower().log.commitTo(6)],
    ['I3', 'durable beyond the end', () => checkSelf(withLog(follower(), { durableIndex: 6 }), milestonesOf(follower()))],
    ['I4', 'a gap', () => new TermIndex({ index: 5, term: 1 }).append({ index: 7, term: 1 })],
    ['I4', 'a term that decreases along the log', () => new TermIndex({ index: 5, term: 2 }).append({ index: 6, term: 1 })],
    ['I4', 'a log ahead of its node', () => checkSelf(withLog(follower(), { last: { index: 5, term: 9 } }), milestonesOf(follower()))],
    ['I5', 'a truncation of what is committed', () => follower().log.truncateFrom(3)],
    ['I5', 'a snapshot older than what is committed', () => follower().log.replaceBySnapshot({ index: 3, term: 1 }, 0)],
    [
      'I5',
      'a leader that contradicts itself',
      () => {
        const raft = follower()
        const append = { type: 'append-request', previous: { index: 5, term: 1 }, commitIndex: 0 } as const
        receive(raft, { ...append, entries: [data(6, 1), data(7, 1)] })
        receive(raft, { ...append, entries: [data(6, 2)] })
      },
    ],
    [
      'I10',
      'what has arrived still counts as under way',
      () => {
        const progress = new Progress(6, DEFAULT_LIMITS)
        progress.accepted(5)
        progress.inFlight.add(5, 10)
        progress.accepted(4)
      },
    ],
    [
      'I10',
      'bytes are under way in no message',
      () => {
        const progress = new Progress(6, DEFAULT_LIMITS)
        progress.accepted(5)
        progress.inFlight.add(6, Number.NaN)
        progress.accepted(6)
      },
    ],
    [
      'I11',
      'two memberships under way',
      () => {
        const raft = leader()
        for (const index of [7, 8]) raft.memberships.append(index, membershipOf(['a', 'b']))
        checkSelf(raft, milestonesOf(raft))
      },
    ],
    ['I12', 'a recovering candidate', () => becomeCandidate({ ...follower(), recovery: FORGOT })],
    ['I12', 'a recovering leader', () => checkSelf({ ...leader(), recovery: FORGOT }, milestonesOf(leader()))],
    [
      'I14',
      'a second leader of the term',
      () => receive(leader(), { type: 'heartbeat-request', term: 3, round: 1, commitIndex: 0, recovery: null }),
    ],
    ['I15', 'a vote that is not durable', () => sendNow(follower(), 'b', { type: 'vote-response', isGranted: true })],
    ['I15', 'a term that is not durable', () => sendNow(follower(), 'b', { type: 'vote-response', isGranted: false }, 3)],
    ['I15', 'entries that are not durable', () => sendAfterLog(follower(), 'b', { type: 'append-accepted', matchIndex: 6 })],
    [
      'I15',
      'an election without a vote',
      () => sendAfterHardState(follower(), 'b', { type: 'vote-request', lastLog: { index: 5, term: 1 }, isTransfer: false }),
    ],
    ['I16', 'entries that no snapshot covers removed', () => step(follower(), { type: 'log-compacted', index: 2 })],
    ['I16', 'a snapshot of what is not applied', () => step(follower(), { type: 'snapshot-taken', index: 4 })],
    ['I18', 'a write that is done before the one before it', () => new WriteStream(NEW_HARD_STATE).done(2)],
  ])('%s is found: %s', (id, _what, breaks) => {
    expect(breaks).toThrow(`${id}: `)
  })
})

describe('what holds', () => {
  it.each([
    ['a follower', follower],
    ['a leader', leader],
  ])('is not complained about: %s', (_who, make) => {
    const raft = make()
    expect(() => checkSelf(raft, milestonesOf(raft))).not.toThrow()
  })
})
