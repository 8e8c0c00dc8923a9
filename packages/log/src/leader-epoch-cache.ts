/**
 * Where each leader epoch of a partition began: how replicas find the point up to which their logs agree.
 *
 * Invariant: epochs and start offsets both ascend strictly; an epoch that appended nothing leaves no entry behind.
 */
import { invariant } from '@millrace/runtime'
import type { LeaderEpochEntry } from './checkpoint/leader-epoch-checkpoint.ts'

export interface EpochEndOffset {
  readonly epoch: number
  readonly endOffset: number
}

export class LeaderEpochCache {
  #entries: LeaderEpochEntry[]
  #isUnwritten = false
  /** The largest epoch that the file is known to hold; -1 for none. */
  #writtenEpoch: number

  constructor(entries: readonly LeaderEpochEntry[] = []) {
    this.#entries = [...entries]
    this.#writtenEpoch = this.latestEpoch ?? -1
  }

  /**
   * Where the first epoch begins that has to be stored before its batches are acknowledged; null when there is none. Of a log's first
   * epoch its batches tell without a file, so a new partition's first batch does not wait for one.
   */
  get unwrittenFrom(): number | null {
    if (this.#entries.length < 2 || (this.latestEpoch as number) <= this.#writtenEpoch) return null
    return (this.#entries.find(({ epoch }, index) => index > 0 && epoch > this.#writtenEpoch) as LeaderEpochEntry).startOffset
  }

  get entries(): readonly LeaderEpochEntry[] {
    return this.#entries
  }

  get latestEpoch(): number | null {
    return this.#entries.at(-1)?.epoch ?? null
  }

  /** The entries, if they changed since they were taken last: they have to be stored before the recovery point moves. */
  takeUnwritten(): readonly LeaderEpochEntry[] | null {
    if (!this.#isUnwritten) return null
    this.#isUnwritten = false
    return [...this.#entries]
  }

  /** What was taken is stored. */
  written(entries: readonly LeaderEpochEntry[]): void {
    this.#writtenEpoch = entries.at(-1)?.epoch ?? -1
  }

  /** What was taken could not be stored. */
  notWritten(): void {
    this.#isUnwritten = true
  }

  /** Returns whether it changed anything. An epoch that is known, or older than the latest, changes nothing. */
  assign(epoch: number, startOffset: number): boolean {
    const last = this.#entries.at(-1)
    if (epoch < 0 || (last !== undefined && epoch <= last.epoch)) return false
    while (this.#entries.length > 0 && (this.#entries.at(-1) as LeaderEpochEntry).startOffset >= startOffset) this.#entries.pop()
    this.#entries.push({ epoch, startOffset })
    this.#isUnwritten = true
    this.#assertAscending()
    return true
  }

  /** Forgets epochs that began at `endOffset` or later. Returns whether it changed anything. */
  truncateFromEnd(endOffset: number): boolean {
    const kept = this.#entries.filter(({ startOffset }) => startOffset < endOffset)
    const changed = kept.length !== this.#entries.length
    this.#entries = kept
    this.#isUnwritten ||= changed
    return changed
  }

  /** Forgets epochs that appended nothing to a log which ends at `endOffset`: what a leader appends there may be of an earlier one. */
  dropEmpty(endOffset: number): void {
    if ((this.#entries.at(-1)?.startOffset ?? -1) >= endOffset) this.truncateFromEnd(endOffset)
  }

  /** Forgets epochs that ended before `startOffset`; the one that holds it begins there now. Returns whether it changed anything. */
  truncateFromStart(startOffset: number): boolean {
    const [first] = this.#entries
    if (first === undefined || first.startOffset >= startOffset) return false
    const current = this.#entries.findLastIndex((entry) => entry.startOffset <= startOffset)
    const { epoch } = this.#entries[current] as LeaderEpochEntry
    this.#entries = [{ epoch, startOffset }, ...this.#entries.slice(current + 1)]
    this.#isUnwritten = true
    this.#assertAscending()
    return true
  }

  /**
   * Where the largest epoch that is not above `epoch` ends. The current epoch ends at the log's end; an epoch below all that are
   * known ends where the first of them begins. Null when the answer is not known here: an epoch above the current one, or no
   * epochs at all.
   */
  endOffsetFor(epoch: number, logEndOffset: number): EpochEndOffset | null {
    const { latestEpoch } = this
    if (latestEpoch === null || epoch < 0 || epoch > latestEpoch) return null
    if (epoch === latestEpoch) return { epoch, endOffset: logEndOffset }
    const next = this.#entries.findIndex((entry) => entry.epoch > epoch)
    const { startOffset: endOffset } = this.#entries[next] as LeaderEpochEntry
    return { epoch: this.#entries[next - 1]?.epoch ?? epoch, endOffset }
  }

  /** The epoch in which the record at `offset` was appended. */
  epochAt(offset: number): number | null {
    return this.#entries.findLast((entry) => entry.startOffset <= offset)?.epoch ?? null
  }

  #assertAscending(): void {
    const last = this.#entries.at(-1)
    const before = this.#entries.at(-2)
    if (last === undefined || before === undefined) return
    invariant(before.epoch < last.epoch && before.startOffset < last.startOffset, 'epochs and their start offsets ascend')
  }
}
