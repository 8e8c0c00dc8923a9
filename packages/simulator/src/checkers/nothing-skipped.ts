/** Who goes on where its group committed processes each record once at least: the group as a whole skips none. */
import type { SentRecord } from '../workload/history.ts'

export class NothingSkipped {
  /** By partition: what any member of the group has processed. */
  readonly #processed = new Map<number, Set<number>>()
  readonly #nextOffsets = new Map<number, number>()

  processed(partition: number, offset: number): void {
    const offsets = this.#processed.get(partition) ?? new Set<number>()
    this.#processed.set(partition, offsets)
    offsets.add(offset)
    this.cameTo(partition, offset + 1)
  }

  /** The group has committed that all before it is processed. */
  cameTo(partition: number, nextOffset: number): void {
    this.#nextOffsets.set(partition, Math.max(this.nextOffset(partition), nextOffset))
  }

  /** After the last one that was processed. */
  nextOffset(partition: number): number {
    return this.#nextOffsets.get(partition) ?? 0
  }

  /** Of the records that the group has come past. */
  skipped(sent: readonly SentRecord[]): readonly string[] {
    return sent
      .filter(({ outcome, offset, partition }) => {
        const isPassed = outcome === 'acknowledged' && offset !== null && offset < this.nextOffset(partition)
        return isPassed && this.#processed.get(partition)?.has(offset) !== true
      })
      .map(({ value, partition, offset }) => `"${value}" at ${partition}@${offset} was processed by no member`)
  }
}
