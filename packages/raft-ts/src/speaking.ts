/**
 * The ways to say something, by what must be durable before it is said. This is the persistence contract of the whole package,
 * in four functions (dissertation, 3.8 and 10.2.1).
 *
 * | what is said | what is durable first |
 * |---|---|
 * | a pre-vote, asked or granted | nothing, since nothing follows from it |
 * | what a leader says | nothing new: its term was durable before it won, and it counts its own log only when that is durable |
 * | a refusal of a pre-vote, a request for a vote, an answer to one, an answer to a heartbeat, a rejection | term and vote |
 * | that entries or a snapshot were accepted | term, vote and the log |
 */
import type { RefusalReason } from './effects.ts'
import type { NodeId } from './entries.ts'
import type { RequestContext } from './events.ts'
import type { MessageBody } from './messages.ts'
import type { RaftState } from './state.ts'

export function sendNow(raft: RaftState, to: NodeId, body: MessageBody, term: number = raft.term): void {
  raft.outbox.add(to, term, body, 0, raft.writes.doneSeq)
}

export function sendAfterHardState(raft: RaftState, to: NodeId, body: MessageBody): void {
  raft.outbox.add(to, raft.term, body, raft.writes.hardStateSeq, raft.writes.doneSeq)
}

export function sendAfterLog(raft: RaftState, to: NodeId, body: MessageBody): void {
  raft.outbox.add(to, raft.term, body, Math.max(raft.writes.hardStateSeq, raft.writes.logSeq), raft.writes.doneSeq)
}

export function refuse(raft: RaftState, context: RequestContext, reason: RefusalReason): void {
  raft.effects.push({ type: 'refuse', context, reason })
}
