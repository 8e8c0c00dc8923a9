/**
 * The one stream of writes to storage: their numbers, how many are under way, and from which number on the hard state and the
 * log are durable as they are now. What may not be said before it is durable waits for such a number.
 */
import type { HardState } from './config.ts'
import { invariant } from './invariants.ts'
import type { SnapshotMeta } from './messages.ts'

export class WriteStream {
  /** Handed to storage; 0 before the first. */
  #lastSeq = 0
  /** Done, with all before it. Invariant: done <= last. */
  #doneSeq = 0
  /** The writes that make durable what was changed last. They may be the next one, which is not handed over yet. */
  #hardStateSeq = 0
  #logSeq = 0
  #snapshot: SnapshotMeta | null = null
  #isHintWanted = false
  /** What storage was given last. */
  #writtenHardState: HardState
  #durableHardState: HardState
  /** Given to storage and not durable yet, in order. */
  #hardStatesInFlight: { readonly seq: number; readonly hardState: HardState }[] = []

  constructor(hardState: HardState) {
    this.#writtenHardState = hardState
    this.#durableHardState = hardState
  }

  get writtenHardState(): HardState {
    return this.#writtenHardState
  }

  get durableHardState(): HardState {
    return this.#durableHardState
  }

  get doneSeq(): number {
    return this.#doneSeq
  }

  get inFlight(): number {
    return this.#lastSeq - this.#doneSeq
  }

  /** Whether something was changed that no write carries yet. */
  get isWanted(): boolean {
    return this.isHardStateWanted || this.#logSeq > this.#lastSeq
  }

  get isHardStateWanted(): boolean {
    return this.#isHintWanted || this.#hardStateSeq > this.#lastSeq
  }

  get hardStateSeq(): number {
    return this.#hardStateSeq
  }

  get logSeq(): number {
    return this.#logSeq
  }

  get isHardStateDurable(): boolean {
    return this.#hardStateSeq <= this.#doneSeq
  }

  hardStateChanged(): void {
    this.#hardStateSeq = this.#lastSeq + 1
  }

  /** Worth a write, but nothing waits for it. */
  hintChanged(): void {
    this.#isHintWanted = true
  }

  /** The next write puts this in the place of the whole log. */
  snapshotReceived(snapshot: SnapshotMeta): void {
    this.#snapshot = snapshot
    this.logChanged()
  }

  /** What `snapshotReceived` was told, for the write that is made now. */
  takeSnapshot(): SnapshotMeta | null {
    const snapshot = this.#snapshot
    this.#snapshot = null
    return snapshot
  }

  logChanged(): void {
    this.#logSeq = this.#lastSeq + 1
  }

  /** The number of the write that is handed over now, and carries this hard state. */
  next(hardState: HardState | null): number {
    this.#lastSeq += 1
    if (hardState !== null) {
      this.#isHintWanted = false
      this.#writtenHardState = hardState
      this.#hardStatesInFlight.push({ seq: this.#lastSeq, hardState })
    }
    return this.#lastSeq
  }

  done(seq: number): void {
    const expected = this.#doneSeq + 1
    invariant('I18', seq === expected && seq <= this.#lastSeq, () => `write ${seq} is done, and ${expected} was to be the next`)
    this.#doneSeq = seq
    const written = this.#hardStatesInFlight[0]
    if (written?.seq !== seq) return
    this.#hardStatesInFlight.shift()
    this.#durableHardState = written.hardState
  }
}
