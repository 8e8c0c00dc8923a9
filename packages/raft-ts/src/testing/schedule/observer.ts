/** Notices the rare states that one node gets into, from outside: by what it says, writes and becomes. */
import {
  type Effect,
  isVoter,
  type Membership,
  type PeerProgress,
  type RaftLimits,
  type Persist,
  type RaftEvent,
  type RaftNode,
  type RoleName,
} from '../../index.ts'
import type { Coverage } from './coverage.ts'
import type { SimulatedDisk } from './simulated-disk.ts'

interface Snapshot {
  readonly role: RoleName
  readonly term: number
  readonly commitIndex: number
  readonly lastIndex: number
  readonly membership: Membership
  readonly isVoter: boolean
}

export class Observer {
  readonly #id: string
  readonly #coverage: Coverage
  #before: Snapshot | null = null
  /** The term of the last transfer that this node was asked for, or asked by. */
  #transferTerm = -1
  #rejections = 0
  #isSnapshotPending = false

  constructor(id: string, coverage: Coverage) {
    this.#id = id
    this.#coverage = coverage
  }

  before(node: RaftNode): void {
    this.#before = this.#look(node)
  }

  after(node: RaftNode, event: RaftEvent): void {
    const before = this.#before
    if (before === null) return
    const now = this.#look(node)
    const { role, term } = now
    if (event.type === 'transfer-requested') this.#transferTerm = term
    if (event.type === 'applied') this.#isSnapshotPending = false
    if (event.type === 'snapshot-received' && !event.isIntact) this.#sometimes('a snapshot arrives damaged')
    if (event.type === 'snapshot-unreadable') this.#sometimes('a snapshot is gone before it is sent')
    if (event.type === 'message-received') this.#received(event.message, before, now, node)
    if (event.type === 'tick' && before.role === 'leader' && role === 'follower') this.#gaveUp(before, now)
    if (before.role !== 'leader' && role === 'leader' && term === this.#transferTerm) this.#sometimes('a transfer brings a new leader')
    if (before.role === 'candidate' && role === 'pre-candidate') this.#sometimes('an election is lost')
    if (role === 'pre-candidate' && before.role !== role && !now.isVoter)
      this.#sometimes('a server that the group has removed asks for votes')
    if (!before.isVoter && now.isVoter && before.membership.learners.includes(this.#id)) this.#sometimes('a learner becomes a voter')
    if (role === 'leader' && !now.isVoter) this.#sometimes('a leader is not in its own membership')
    if (role === 'leader' && now.commitIndex > before.commitIndex && (node.termAt(before.commitIndex + 1) ?? term) < term) {
      this.#sometimes('an entry of an older term is committed by a later leader')
    }
  }

  performs(node: RaftNode, effect: Effect, disk: SimulatedDisk): void {
    switch (effect.type) {
      case 'persist':
        return this.#persists(effect, disk)
      case 'read-entries':
        return this.#sometimes(
          effect.purpose.type === 'apply' ? 'entries are read from disk to be applied' : 'entries are read from disk for a follower',
        )
      case 'answer-read':
        return this.#sometimes('a read is answered')
      case 'refuse':
        this.#coverage.refused(effect.reason)
        if (effect.reason === 'leadership-lost') this.#sometimes('a read is refused because the lead was lost')
        if (effect.reason === 'too-many-waiting') this.#sometimes('proposals find no room')
        return
      case 'send': {
        const { message } = effect
        if (message.type === 'vote-request' && message.isTransfer) this.#transferTerm = message.term
        if (message.type === 'vote-response' && message.isGranted && node.membership.learners.includes(this.#id)) {
          this.#sometimes('a learner gives a vote')
        }
        if (message.type === 'timeout-now' && node.status.role === 'follower' && isVoter(node.membership, this.#id)) {
          this.#sometimes('a leader hands over what its disk holds up')
        }
        if (message.type === 'append-request' && message.entries.length === 0 && message.previous.index === message.commitIndex) {
          this.#sometimes('a follower hears of a commit alone')
        }
        return
      }
      default:
        return
    }
  }

  /** A write is about to be done. */
  writes(node: RaftNode, { entries }: Persist): void {
    const last = entries.at(-1)
    if (last !== undefined && node.termAt(last.index) !== last.term) this.#sometimes('a write completes after its entries were replaced')
  }

  peer({ inFlightMessages, inFlightBytes }: PeerProgress, limits: Partial<RaftLimits>): void {
    const isFull = inFlightMessages >= (limits.inFlightMessages ?? Infinity) || inFlightBytes >= (limits.inFlightBytes ?? Infinity)
    if (isFull) this.#sometimes('a window is full')
  }

  #persists({ truncateFrom, snapshot }: Persist, disk: SimulatedDisk): void {
    if (truncateFrom !== null) this.#sometimes('a log is cut back')
    const isWriting = disk.queue.some(({ entries }) => (entries.at(-1)?.index ?? 0) >= (truncateFrom ?? Infinity))
    if (isWriting) this.#sometimes('a log is cut back while it is being written')
    if (snapshot === null) return
    this.#sometimes('a snapshot takes the place of a log')
    if (disk.lastIndex > snapshot.index) this.#sometimes('a snapshot takes the place of a longer log')
    if (this.#isSnapshotPending) this.#sometimes('a snapshot arrives before the one before it is restored')
    this.#isSnapshotPending = true
  }

  #received(message: Extract<RaftEvent, { type: 'message-received' }>['message'], before: Snapshot, now: Snapshot, node: RaftNode): void {
    if (message.type === 'vote-request' && message.term > before.term && now.term === before.term) {
      this.#sometimes('a vote is refused because a leader is heard')
    }
    if (message.type === 'append-rejected') this.#rejections += 1
    if (message.type === 'append-accepted') this.#rejections = 0
    if (this.#rejections > 1 && now.role === 'leader') this.#sometimes('a follower has to go back more than a term')
    const isCalledOff = before.role === 'candidate' && now.role === 'follower' && now.term === before.term && node.status.leader !== null
    if (isCalledOff) this.#sometimes('an election in its own term is called off by a leader')
    if (message.type === 'append-request' && now.membership !== before.membership && now.lastIndex <= before.lastIndex) {
      this.#sometimes('a membership is taken back')
    }
    const isRemoved = before.role === 'leader' && now.role === 'follower' && now.term === before.term && !now.isVoter
    if (isRemoved) this.#sometimes('a leader hands over after its removal')
  }

  #gaveUp(before: Snapshot, now: Snapshot): void {
    if (now.term === before.term) this.#sometimes('a leader gives up for want of answers')
  }

  #look({ status, commitIndex, lastLog, membership }: RaftNode): Snapshot {
    const { role, term } = status
    return { role, term, commitIndex, lastIndex: lastLog.index, membership, isVoter: isVoter(membership, this.#id) }
  }

  #sometimes(state: Parameters<Coverage['sometimes']>[0]): void {
    this.#coverage.sometimes(state)
  }
}
