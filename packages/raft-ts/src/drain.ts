/**
 * What a batch of events leads to. The steps have changed what is known; here it is decided once for all of them what goes out:
 * one message where several proposals came, one heartbeat round where several reads came, one write where much was changed.
 */
import { applyNext } from './applying.ts'
import type { Effect, NodeStatus } from './effects.ts'
import { nextWrite } from './persistence.ts'
import { answerReads } from './reads/read-index.ts'
import { checkRecovered } from './recovery.ts'
import { beginRound } from './replication/leading.ts'
import { sendToFollowers } from './replication/sending.ts'
import type { RaftState } from './state.ts'
import { completeTransfer } from './transfer.ts'

export function drain(raft: RaftState): Effect[] {
  const { role } = raft
  checkRecovered(raft)
  if (role.type === 'leader') {
    if (role.reads.isRoundWanted) beginRound(raft, role)
    completeTransfer(raft, role)
    sendToFollowers(raft, role)
    answerReads(raft, role)
  }
  if (role.type !== 'failed') applyNext(raft)
  const effects = raft.effects
  raft.effects = []
  if (role.type === 'failed') return effects
  for (const message of raft.outbox.take()) effects.push({ type: 'send', message })
  const write = nextWrite(raft)
  if (write !== null) effects.push(write)
  return effects
}

export function statusOf({ role, term, log, recovery, config }: RaftState): NodeStatus {
  const isReady = role.type === 'leader' && log.appliedIndex >= role.firstIndex
  const leader = role.type === 'leader' ? config.id : role.type === 'follower' ? role.leader : null
  return { role: role.type, term, leader, isReady, isRecovering: recovery !== null }
}
