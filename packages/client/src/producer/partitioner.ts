/**
 * Chooses the partition of a record that names none: by the hash of its key as Kafka's producers do, or, without a key, one
 * partition for a batch's worth of bytes and then another at random. Staying with one partition fills batches; changing
 * spreads the load.
 */
import type { Random } from '@millrace/runtime'
import { murmur2 } from './murmur2.ts'

export function partitionOfKey(key: Uint8Array, partitionCount: number): number {
  // The sign bit is dropped, not negated: that is what the other clients do.
  return (murmur2(key) & 0x7fffffff) % partitionCount
}

export class StickyPartitioner {
  readonly #random: Random
  readonly #switchAfterBytes: number
  readonly #choices = new Map<string, { partition: number; bytes: number }>()

  constructor(random: Random, switchAfterBytes: number) {
    this.#random = random
    this.#switchAfterBytes = switchAfterBytes
  }

  /** The partition for a record of `sizeBytes` without a key. `available` are the partitions that have a leader. */
  choose(topic: string, sizeBytes: number, partitionCount: number, available: readonly number[]): number {
    const current = this.#choices.get(topic)
    if (current !== undefined && current.bytes < this.#switchAfterBytes && current.partition < partitionCount) {
      current.bytes += sizeBytes
      return current.partition
    }
    const partition = this.#pick(current?.partition, partitionCount, available)
    this.#choices.set(topic, { partition, bytes: sizeBytes })
    return partition
  }

  /** Never the same twice in a row where there is another: a batch that is full must not be followed by its neighbour. */
  #pick(previous: number | undefined, partitionCount: number, available: readonly number[]): number {
    const candidates = available.length > 0 ? available : Array.from({ length: partitionCount }, (_, partition) => partition)
    const others = candidates.length > 1 ? candidates.filter((partition) => partition !== previous) : candidates
    return others[this.#random.uint32() % others.length] ?? 0
  }
}
