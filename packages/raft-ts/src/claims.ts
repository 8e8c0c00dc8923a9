/**
 * What a message claims is durable, held against what storage has confirmed (I15). The outbox has waited for the right write
 * already; this looks at the same thing from the other end, at the moment the message may leave.
 */
import { invariant } from './invariants.ts'
import type { Message } from './messages.ts'
import type { RaftState } from './state.ts'

export function checkClaim({ writes, log }: RaftState, message: Message): void {
  const { term, votedFor } = writes.durableHardState
  // The term of these two is one that an election would have.
  if (message.type === 'pre-vote-request' || (message.type === 'pre-vote-response' && message.isGranted)) return
  invariant('I15', message.term <= term, () => `${message.type} of term ${message.term}, and term ${term} is durable`)
  if (message.type === 'vote-request' || (message.type === 'vote-response' && message.isGranted)) {
    const candidate = message.type === 'vote-request' ? message.from : message.to
    const isGiven = message.term === term && votedFor === candidate
    invariant('I15', isGiven, () => `a vote for ${candidate} in term ${message.term}, and one for ${votedFor} in ${term} is durable`)
  }
  if (message.type !== 'append-accepted') return
  const { durableIndex } = log
  invariant('I15', message.matchIndex <= durableIndex, () => `accepts up to ${message.matchIndex}, and ${durableIndex} is durable`)
}
