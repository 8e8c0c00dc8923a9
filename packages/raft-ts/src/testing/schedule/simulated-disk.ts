/**
 * A disk with a write queue: what is queued is lost in a crash but for some beginning of it, which is what the contract of
 * `Persist` allows. It also holds snapshots, and what has been received of one.
 */
import {
  type Entry,
  type HardState,
  type InitialLog,
  type LogPosition,
  type Membership,
  NEW_HARD_STATE,
  type Persist,
  type SnapshotMeta,
} from '../../index.ts'
import type { SeededRandom } from '../seeded-random.ts'

export interface StoredSnapshot {
  readonly meta: SnapshotMeta
  readonly data: Uint8Array
}

export class SimulatedDisk {
  hardState: HardState = NEW_HARD_STATE
  compacted: LogPosition = { index: 0, term: 0 }
  /** From the one after `compacted` on. */
  entries: Entry[] = []
  /** The newest is the one to start from; older ones may still be on their way to somebody. */
  snapshots: StoredSnapshot[]
  incoming: { readonly meta: SnapshotMeta; bytes: number[] } | null = null
  /** Received whole and found intact, until installed. */
  received: StoredSnapshot[] = []
  readonly queue: Persist[] = []
  /** Sees each entry that becomes durable, with the term of the one before it. */
  onEntryDurable: (entry: Entry, previousTerm: number) => void = () => undefined

  onTornWrite: () => void = () => undefined

  constructor(membership: Membership) {
    this.snapshots = [{ meta: { index: 0, term: 0, membership }, data: new Uint8Array() }]
  }

  get snapshot(): StoredSnapshot {
    const newest = this.snapshots.at(-1)
    if (newest === undefined) throw new Error('a disk has one snapshot at least')
    return newest
  }

  get lastIndex(): number {
    return this.compacted.index + this.entries.length
  }

  has({ index, term }: LogPosition): boolean {
    return this.termAt(index) === term
  }

  termAt(index: number): number | undefined {
    return index === this.compacted.index ? this.compacted.term : this.entries[index - this.compacted.index - 1]?.term
  }

  /** Completes the oldest write, or puts a crash into the middle of it: only its first `parts` parts reach the disk. */
  write(parts = Infinity): number {
    const write = this.queue.shift()
    if (write === undefined) throw new Error('there is nothing to write')
    let left = parts
    const reaches = (): boolean => left-- > 0
    if (write.hardState !== null && reaches()) this.hardState = write.hardState
    if (write.snapshot !== null && reaches()) this.#install(write.snapshot)
    if (write.truncateFrom !== null && reaches()) this.entries.length = write.truncateFrom - this.compacted.index - 1
    for (const entry of write.entries) {
      if (!reaches()) break
      if (entry.index !== this.lastIndex + 1) throw new Error(`entry ${entry.index} does not follow ${this.lastIndex} on disk`)
      this.onEntryDurable(entry, this.termAt(entry.index - 1) ?? 0)
      this.entries.push(entry)
    }
    return write.seq
  }

  crash(random: SeededRandom): void {
    const whole = random.below(this.queue.length + 1)
    for (let count = 0; count < whole; count += 1) this.write()
    const torn = this.queue[0]
    if (torn !== undefined) {
      const parts = random.below(torn.entries.length + 3)
      if (parts > 0) this.onTornWrite()
      this.write(parts)
    }
    this.queue.length = 0
    this.incoming = null
    this.received = []
  }

  read(fromIndex: number, lastIndex: number): readonly Entry[] {
    const first = fromIndex - this.compacted.index - 1
    return first < 0 ? [] : this.entries.slice(first, lastIndex - this.compacted.index)
  }

  saveSnapshot(snapshot: StoredSnapshot): void {
    this.snapshots.push(snapshot)
    if (this.snapshots.length > 3) this.snapshots.shift()
  }

  compactTo(index: number): void {
    const term = this.termAt(index)
    if (term === undefined || index <= this.compacted.index) return
    this.entries.splice(0, index - this.compacted.index)
    this.compacted = { index, term }
  }

  storeChunk(meta: SnapshotMeta, offset: number, data: Uint8Array): void {
    if (offset === 0) this.incoming = { meta, bytes: [] }
    if (this.incoming === null || this.incoming.bytes.length !== offset) throw new Error(`a chunk at ${offset} is out of order`)
    this.incoming.bytes.push(...data)
  }

  /** Whether what was received is what was sent: its length is known, and chunks came in order. */
  finishIncoming(): boolean {
    if (this.incoming === null) return false
    this.received.push({ meta: this.incoming.meta, data: Uint8Array.from(this.incoming.bytes) })
    this.incoming = null
    return true
  }

  /** What a start finds out by reading the log once. */
  recover(): InitialLog {
    const { compacted, entries, lastIndex } = this
    const termStarts = entries.filter(({ index, term }) => term !== (this.termAt(index - 1) ?? 0) || index === compacted.index + 1)
    const memberships = entries.flatMap((entry) =>
      entry.type === 'membership' ? [{ index: entry.index, membership: entry.membership }] : [],
    )
    return { compacted, lastIndex, termStarts: termStarts.map(({ index, term }) => ({ index, term })), memberships }
  }

  #install(meta: SnapshotMeta): void {
    const snapshot = this.received.find((received) => received.meta.index === meta.index && received.meta.term === meta.term)
    if (snapshot === undefined) throw new Error(`snapshot ${meta.index} was not received`)
    this.received = this.received.filter((received) => received.meta.index > meta.index)
    this.saveSnapshot(snapshot)
    this.compacted = { index: meta.index, term: meta.term }
    this.entries = []
  }
}
