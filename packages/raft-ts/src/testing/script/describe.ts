/** Messages and effects in one line each, for traces that people read. */
import type { Effect, Entry, HardState, LogPosition, Membership, Message, NodeStatus, Persist } from '../../index.ts'

export function describeMessage(message: Message): string {
  const { from, to, type, term } = message
  return [`${from}>${to}`, type, `term ${term}`, ...messageDetails(message)].join(' ')
}

export function describeEffect(id: string, effect: Effect): string {
  switch (effect.type) {
    case 'send':
      return `  ${describeMessage(effect.message)}`
    case 'report-status':
      return `  ${id} is ${describeStatus(effect.status)}`
    case 'persist':
      return `  ${id} writes #${effect.seq}: ${describeWrite(effect)}`
    case 'apply':
      return `  ${id} applies ${describeEntries(effect.entries)}`
    case 'restore':
      return `  ${id} restores snapshot ${describePosition(effect.snapshot)}`
    case 'read-entries': {
      const purpose = effect.purpose.type === 'apply' ? 'itself' : effect.purpose.to
      return `  ${id} reads ${effect.fromIndex}..${effect.lastIndex} for ${purpose}`
    }
    case 'accept':
      return `  ${id} accepts ${String(effect.context)} at ${effect.firstIndex}..${effect.lastIndex} in term ${effect.term}`
    case 'refuse':
      return `  ${id} refuses ${String(effect.context)}: ${effect.reason}`
    case 'answer-read':
      return `  ${id} answers ${String(effect.context)} at ${effect.index}`
    case 'read-snapshot':
      return `  ${id} reads snapshot ${describePosition(effect.snapshot)} for ${effect.to} from byte ${effect.offset}`
    case 'store-snapshot': {
      const end = effect.isLast ? ', the last' : ''
      return `  ${id} stores snapshot ${describePosition(effect.snapshot)} from byte ${effect.offset}, ${effect.data.length} bytes${end}`
    }
  }
}

export function describeStatus({ role, term, leader, isReady, isRecovering }: NodeStatus): string {
  const following = role === 'follower' ? ` of ${leader ?? 'nobody'}` : ''
  return `${role}${following} in term ${term}${isReady ? ', ready' : ''}${isRecovering ? ', recovering' : ''}`
}

export function describeMembership({ voters, learners }: Membership): string {
  return `[${voters.join(' ')}]${learners.length > 0 ? `+[${learners.join(' ')}]` : ''}`
}

/** Term and index, as the papers write them. */
export function describePosition({ term, index }: LogPosition): string {
  return `${term}/${index}`
}

export function describeEntries(entries: readonly Entry[]): string {
  return entries.map(describeEntry).join(' ')
}

function describeEntry(entry: Entry): string {
  const position = describePosition(entry)
  switch (entry.type) {
    case 'noop':
      return `${position}`
    case 'membership':
      return `${position}=${describeMembership(entry.membership)}`
    case 'data':
      return `${position}=${String.fromCharCode(...entry.data)}`
  }
}

function describeWrite({ hardState, snapshot, truncateFrom, entries }: Persist): string {
  const parts: string[] = []
  if (hardState !== null) parts.push(describeHardState(hardState))
  if (snapshot !== null) parts.push(`snapshot ${describePosition(snapshot)}`)
  if (truncateFrom !== null) parts.push(`remove from ${truncateFrom}`)
  if (entries.length > 0) parts.push(`append ${describeEntries(entries)}`)
  return parts.join(', ')
}

function describeHardState({ term, votedFor, commitIndex, durableIndex, isRecovering }: HardState): string {
  const hints = `commit ${commitIndex} durable ${durableIndex}`
  return `term ${term} vote ${votedFor ?? 'nobody'} ${hints}${isRecovering ? ' recovering' : ''}`
}

function messageDetails(message: Message): readonly string[] {
  switch (message.type) {
    case 'pre-vote-request':
      return [`last ${describePosition(message.lastLog)}`]
    case 'vote-request':
      return [`last ${describePosition(message.lastLog)}`, ...(message.isTransfer ? ['transfer'] : [])]
    case 'pre-vote-response':
    case 'vote-response':
      return [message.isGranted ? 'granted' : 'refused']
    case 'append-request': {
      const entries = message.entries.length > 0 ? [describeEntries(message.entries)] : []
      return [`after ${describePosition(message.previous)}`, ...entries, `commit ${message.commitIndex}`]
    }
    case 'append-accepted':
      return [`match ${message.matchIndex}`]
    case 'append-rejected':
      return [`at ${message.rejectedIndex}`, `hint ${describePosition(message.hint)}`]
    case 'heartbeat-request':
      return [
        `round ${message.round}`,
        `commit ${message.commitIndex}`,
        ...(message.recovery === null ? [] : [`end ${message.recovery.lastIndex}`]),
      ]
    case 'heartbeat-response':
      return [`round ${message.round}`, `verified ${message.verifiedIndex}`, ...(message.recoveryId === null ? [] : ['recovering'])]
    case 'snapshot-request':
      return [`snapshot ${describePosition(message.snapshot)}`, `byte ${message.offset}`, ...(message.isLast ? ['last'] : [])]
    case 'snapshot-response':
      return [`snapshot ${describePosition(message.snapshot)}`, `next byte ${message.nextOffset}`]
    case 'timeout-now':
      return []
  }
}
