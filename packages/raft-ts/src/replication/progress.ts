/**
 * What a leader knows about one follower, and with it what it sends next.
 *
 * - `probe`: where the logs agree is not known. One message at a time, until one is accepted.
 * - `replicate`: it is known. Messages follow each other without waiting, as far as the window goes.
 * - `snapshot`: the follower needs entries that the leader does not have any more. No entries until a snapshot is installed.
 *
 * probe -> replicate: an append was accepted. replicate -> probe: one was rejected, or the follower cannot be reached.
 * Any -> snapshot: the entry before the next one was compacted. snapshot -> replicate: the snapshot is installed.
 */
import type { RaftLimits } from '../config.ts'
import { invariant } from '../invariants.ts'
import type { SnapshotMeta } from '../messages.ts'
import { SnapshotStream } from '../snapshot/snapshot-stream.ts'
import { InFlight } from './in-flight.ts'

export type ProgressState = 'probe' | 'replicate' | 'snapshot'

export class Progress {
  readonly inFlight: InFlight
  readonly #limits: RaftLimits
  #state: ProgressState = 'probe'
  /** Up to here the follower's log is durable and equals the leader's. Invariant: it goes back only for a follower that lost entries. */
  #matchIndex = 0
  /** The next entry to send. Invariant: next > match (I10). */
  #nextIndex: number
  /** A probe is under way. */
  #isProbing = false
  #stream: SnapshotStream | null = null
  /** How much longer to bear its silence while it is sent a snapshot, or to keep the entries that it needs after it. */
  #patienceTicks = 0
  /** Entries for this follower are being read from storage. */
  isReading = false
  /** Send something, even when there is no entry to send: the follower has to be asked where it stands. */
  isCallWanted = true
  /** The follower was told of this commit index, if nothing got lost. */
  sentCommitIndex = 0
  /** When it last answered, in ticks of the leader's process; `null` before it has. */
  heardTick: number | null = null
  /** When it last was known to hold the whole log, in such ticks; `null` before it was. */
  caughtUpTick: number | null = null
  /** When a snapshot for it could not be read. It has to show that it is there before one is read again. */
  unreadableTick: number | null = null
  /** The last heartbeat round it has answered. */
  ackedRound = 0
  /** It was close enough to the end of the log when the last round began (I12: what is far behind must not become a voter). */
  isCaughtUp = false
  /** Set while the follower says that it may have lost entries. */
  recoveryId: number | null = null

  constructor(nextIndex: number, limits: RaftLimits) {
    this.#nextIndex = nextIndex
    this.#limits = limits
    this.inFlight = new InFlight(limits.inFlightMessages, limits.inFlightBytes)
  }

  get state(): ProgressState {
    return this.#state
  }

  get matchIndex(): number {
    return this.#matchIndex
  }

  get nextIndex(): number {
    return this.#nextIndex
  }

  get stream(): SnapshotStream | null {
    return this.#stream
  }

  /** Whether it has answered lately. */
  wasHeard(now: number, withinTicks: number): boolean {
    return this.heardTick !== null && now - this.heardTick < withinTicks
  }

  /**
   * The log has to be kept from the entry after this one. Otherwise a follower that has just got a snapshot would need the
   * next one at once, and the one after that.
   */
  get keptIndex(): number {
    if (this.#stream !== null) return this.#stream.snapshot.index
    return this.#patienceTicks > 0 ? this.#matchIndex : Infinity
  }

  /** Nothing is to be sent before an answer or a heartbeat's. */
  get isPaused(): boolean {
    return this.#state === 'snapshot' || (this.#state === 'probe' && this.#isProbing)
  }

  sent(lastIndex: number, bytes: number): void {
    this.isCallWanted = false
    if (this.#state === 'probe') this.#isProbing = true
    if (lastIndex < this.#nextIndex || this.#state !== 'replicate') return
    this.#nextIndex = lastIndex + 1
    this.inFlight.add(lastIndex, bytes)
  }

  /** The follower has accepted entries; whether this was news. */
  accepted(matchIndex: number): boolean {
    this.inFlight.freeTo(matchIndex)
    const isNews = matchIndex > this.#matchIndex
    if (isNews) {
      this.#matchIndex = matchIndex
      this.#nextIndex = Math.max(this.#nextIndex, matchIndex + 1)
    }
    const isAgreed = this.#state === 'probe' && matchIndex >= this.#matchIndex
    const isRestored = this.#stream !== null && matchIndex >= this.#stream.snapshot.index
    if (isRestored) this.#patienceTicks = this.#limits.entriesKeptTicks
    if (isAgreed || isRestored) this.#replicate()
    this.#check()
    return isNews
  }

  /**
   * The follower does not have what precedes the entries it was sent; `hintIndex` is the last place where its log may agree.
   * A message that arrives late, or twice, changes nothing.
   */
  rejected(rejectedIndex: number, hintIndex: number): void {
    if (rejectedIndex <= this.#matchIndex || this.#state === 'snapshot') return
    if (this.#state === 'replicate') {
      this.probe()
      return
    }
    if (rejectedIndex !== this.#nextIndex - 1) return
    this.#nextIndex = Math.max(Math.min(rejectedIndex, hintIndex + 1), this.#matchIndex + 1)
    this.#isProbing = false
    this.isCallWanted = true
    this.#check()
  }

  /** The follower has lost entries that it had accepted. Nothing it said counts any more. */
  lostEntries(hintIndex: number): void {
    this.#matchIndex = 0
    this.#nextIndex = hintIndex + 1
    this.probe(hintIndex + 1)
  }

  /** Find out again where the logs agree. */
  probe(nextIndex: number = this.#matchIndex + 1): void {
    this.#enter('probe')
    this.#nextIndex = Math.max(nextIndex, this.#matchIndex + 1)
    this.isCallWanted = true
    this.#check()
  }

  sendSnapshot(snapshot: SnapshotMeta): void {
    this.#enter('snapshot')
    this.#patienceTicks = this.#limits.entriesKeptTicks
    this.#stream = new SnapshotStream(snapshot, this.#limits.snapshotChunksInFlight)
  }

  /** Chunks are sent again to who is there, and nobody is waited for for ever: the log would grow without end. */
  tick(electionTicks: number, isHeard: boolean): void {
    if (this.#stream === null) {
      if (this.#patienceTicks > 0) this.#patienceTicks -= 1
    } else if (isHeard) {
      this.#patienceTicks = this.#limits.entriesKeptTicks
      this.#stream.tick(electionTicks)
    } else {
      this.#patienceTicks -= 1
      if (this.#patienceTicks <= 0) this.probe()
    }
  }

  /** The follower is there, so a probe that was not answered is lost. */
  answeredHeartbeat(): void {
    this.#isProbing = false
  }

  #replicate(): void {
    this.#enter('replicate')
    this.#nextIndex = this.#matchIndex + 1
  }

  #enter(state: ProgressState): void {
    this.#state = state
    this.#isProbing = false
    this.#stream = null
    this.isReading = false
    this.inFlight.reset()
  }

  #check(): void {
    invariant('I10', this.#nextIndex > this.#matchIndex, () => `next ${this.#nextIndex} must exceed match ${this.#matchIndex}`)
    const { messages, bytes, oldestIndex } = this.inFlight
    invariant('I10', bytes >= 0 && (messages > 0 || bytes === 0), () => `${bytes} bytes in flight in ${messages} messages`)
    invariant('I10', oldestIndex > this.#matchIndex, () => `${oldestIndex} is in flight, and ${this.#matchIndex} has arrived`)
  }
}
