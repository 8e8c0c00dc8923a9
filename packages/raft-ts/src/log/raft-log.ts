/**
 * The log as the node sees it: what storage holds, what is on its way there, and how far it is durable, committed and applied.
 * The entries themselves are in memory only as far as `RecentEntries` keeps them; their terms always are.
 */
import type { Entry, LogPosition } from '../entries.ts'
import { invariant } from '../invariants.ts'
import { Durability } from './durability.ts'
import { RecentEntries } from './recent-entries.ts'
import { TermIndex } from './term-index.ts'

/** What storage has to do next to hold the log as it is now. */
export interface LogWrite {
  /** Remove this entry and all after it, before anything is appended. */
  readonly truncateFrom: number | null
  readonly entries: readonly Entry[]
}

export interface RecoveredLog {
  readonly compacted: LogPosition
  readonly termStarts: readonly LogPosition[]
  readonly lastIndex: number
  readonly commitIndex: number
  readonly appliedIndex: number
}

export class RaftLog {
  #terms: TermIndex
  #recent: RecentEntries
  readonly #durability: Durability
  /** Everything up to here is and stays in every leader's log. Invariant: applied <= commit <= last, and it never goes back. */
  #commitIndex: number
  /** The application has said that its state stands for everything up to here. Invariant: it never goes back. */
  #appliedIndex: number

  constructor({ compacted, termStarts, lastIndex, commitIndex, appliedIndex }: RecoveredLog) {
    this.#terms = new TermIndex(compacted, termStarts, lastIndex)
    this.#recent = new RecentEntries(lastIndex)
    this.#durability = new Durability(lastIndex)
    this.#commitIndex = commitIndex
    this.#appliedIndex = appliedIndex
  }

  /** The position before the first entry that can be read. */
  get compacted(): LogPosition {
    return this.#terms.compacted
  }

  get last(): LogPosition {
    return this.#terms.last
  }

  get commitIndex(): number {
    return this.#commitIndex
  }

  get appliedIndex(): number {
    return this.#appliedIndex
  }

  get durableIndex(): number {
    return this.#durability.durableIndex
  }

  /** The first index that is in memory; the one after the last when nothing is. */
  get recentIndex(): number {
    return this.#recent.firstIndex
  }

  get recentBytes(): number {
    return this.#recent.bytes
  }

  get isStaged(): boolean {
    return this.#durability.truncateFrom === null && this.#durability.stagedIndex >= this.last.index
  }

  /** `undefined` where the log does not reach, or does not reach any more. */
  termAt(index: number): number | undefined {
    return this.#terms.termAt(index)
  }

  /** Whether the log has this very entry, and with it all before it. */
  has({ index, term }: LogPosition): boolean {
    return this.#terms.termAt(index) === term
  }

  lastAtMost(position: LogPosition): LogPosition {
    return this.#terms.lastAtMost(position)
  }

  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.#terms.append(entry)
      this.#recent.append(entry)
    }
  }

  truncateFrom(index: number): void {
    invariant('I5', index > this.#commitIndex, () => `truncation from ${index} would remove committed entries (${this.#commitIndex})`)
    this.#terms.truncateFrom(index)
    this.#recent.truncateFrom(index)
    this.#durability.truncatedFrom(index)
  }

  commitTo(index: number): void {
    if (index <= this.#commitIndex) return
    invariant('I3', index <= this.last.index, () => `commit ${index} passes the end of the log ${this.last.index}`)
    this.#commitIndex = index
  }

  appliedTo(index: number): void {
    invariant('I2', index >= this.#appliedIndex, () => `applied index goes back from ${this.#appliedIndex} to ${index}`)
    invariant('I3', index <= this.#commitIndex, () => `applied ${index} passes commit ${this.#commitIndex}`)
    this.#appliedIndex = index
  }

  /** A snapshot that reaches beyond what is committed here takes the place of the whole log, which agrees with it up to an index. */
  replaceBySnapshot(snapshot: LogPosition, agreedIndex: number): void {
    invariant(
      'I5',
      snapshot.index > this.#commitIndex,
      () => `snapshot ${snapshot.index} would remove committed entries (${this.#commitIndex})`,
    )
    this.#durability.replacedBySnapshot(snapshot.index, Math.max(this.#commitIndex, agreedIndex))
    this.#terms = new TermIndex({ index: snapshot.index, term: snapshot.term })
    this.#recent = new RecentEntries(snapshot.index)
    this.#commitIndex = snapshot.index
  }

  /** Storage has let go what is at and before this index. */
  compactTo(index: number): void {
    this.#terms.compactTo(index)
    this.#recent.evict(0, index)
  }

  evict(bytesMax: number): void {
    this.#recent.evict(bytesMax, this.#durability.durableIndex)
  }

  /** Entries that are in memory, from one index up to and with another as far as the limits reach. */
  recent(fromIndex: number, lastIndex: number, entriesMax: number, bytesMax: number): readonly Entry[] {
    return this.#recent.slice(fromIndex, lastIndex, entriesMax, bytesMax)
  }

  takeWrite(seq: number): LogWrite {
    const { stagedIndex, truncateFrom } = this.#durability
    const { index } = this.last
    const entries = index > stagedIndex ? this.#recent.slice(stagedIndex + 1, index, Infinity, Infinity) : []
    this.#durability.staged(seq, index)
    return { truncateFrom, entries }
  }

  written(seq: number): void {
    this.#durability.written(seq)
  }
}
