/** What a node knows when it begins: what its disk remembers, checked, and nothing about anybody else. */
import { checkClaim } from './claims.ts'
import { checkedConfig, checkInitialState, type RaftOptions } from './config.ts'
import { resetElectionTimer } from './hard-state.ts'
import { RaftLog } from './log/raft-log.ts'
import { MembershipHistory } from './membership/membership-history.ts'
import { Outbox } from './outbox.ts'
import { initialRecovery } from './recovery.ts'
import type { RaftState } from './state.ts'
import { WriteStream } from './write-stream.ts'

export function initialState(options: RaftOptions): RaftState {
  const config = checkedConfig(options)
  const { initial } = options
  checkInitialState(initial)
  const { hardState, snapshot, appliedIndex, log } = initial
  const { compacted, termStarts, lastIndex } = log
  const commitIndex = Math.max(snapshot.index, appliedIndex, Math.min(hardState.commitIndex, lastIndex))
  const raft: RaftState = {
    config,
    log: new RaftLog({ compacted, termStarts, lastIndex, commitIndex, appliedIndex }),
    memberships: new MembershipHistory(snapshot, log.memberships),
    writes: new WriteStream(hardState),
    outbox: new Outbox(config.groupId, config.id, (message) => checkClaim(raft, message)),
    effects: [],
    term: hardState.term,
    votedFor: hardState.votedFor,
    verifiedIndex: 0,
    role: { type: 'follower', leader: null, receiving: null },
    timers: { now: 0, electionElapsed: 0, electionTimeout: 0, heartbeatElapsed: 0 },
    applying: { isBusy: false, isReading: false, restore: appliedIndex < snapshot.index ? snapshot : null },
    snapshot,
    recovery: initialRecovery(initial, config),
  }
  resetElectionTimer(raft)
  if (raft.recovery !== null && !hardState.isRecovering) raft.writes.hardStateChanged()
  return raft
}
