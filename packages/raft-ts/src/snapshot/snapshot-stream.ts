/**
 * A leader's side of one snapshot on its way to one follower: read chunk by chunk, a few under way at a time, and taken up
 * again where the follower stopped.
 */
import type { SnapshotMeta } from '../messages.ts'

export class SnapshotStream {
  readonly snapshot: SnapshotMeta
  readonly #chunksInFlightMax: number
  /** The follower has stored everything before it. */
  #ackedOffset = 0
  /** The next one to read and to send. Invariant: acked <= next. */
  #nextOffset = 0
  /** Where each chunk that was sent and not answered ends. */
  #chunkEnds: number[] = []
  #isReading = false
  #isAllSent = false
  #silentTicks = 0

  constructor(snapshot: SnapshotMeta, chunksInFlightMax: number) {
    this.snapshot = snapshot
    this.#chunksInFlightMax = chunksInFlightMax
  }

  /** Where to read next; `null` while that is under way, while enough is, and when everything was sent. */
  nextRead(): number | null {
    if (this.#isReading || this.#isAllSent || this.#chunkEnds.length >= this.#chunksInFlightMax) return null
    this.#isReading = true
    return this.#nextOffset
  }

  /** Whether these bytes are the ones to send now; after going back they may not be. */
  chunkRead(offset: number, bytes: number, isLast: boolean): boolean {
    this.#isReading = false
    if (offset !== this.#nextOffset || this.#isAllSent) return false
    this.#nextOffset += bytes
    this.#chunkEnds.push(this.#nextOffset)
    this.#isAllSent = isLast
    return true
  }

  /**
   * The follower wants what begins at this offset. That may be less than it had before, when it began anew, and more than was
   * sent, when it has kept what an earlier stream of the same leader brought.
   */
  acked(nextOffset: number): void {
    if (nextOffset === this.#ackedOffset) return
    const isWithin = nextOffset > this.#ackedOffset && nextOffset <= this.#nextOffset
    this.#ackedOffset = nextOffset
    this.#silentTicks = 0
    this.#chunkEnds = this.#chunkEnds.filter((end) => end > nextOffset)
    if (!isWithin) this.#resume()
  }

  /** Chunks and answers get lost. After some silence what was not answered is sent again. */
  tick(patienceTicks: number): void {
    this.#silentTicks += 1
    if (this.#silentTicks >= patienceTicks) this.#resume()
  }

  #resume(): void {
    this.#nextOffset = this.#ackedOffset
    this.#chunkEnds = []
    this.#isAllSent = false
    this.#silentTicks = 0
  }
}
