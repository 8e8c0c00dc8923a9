/**
 * What a log has to be, told from the list of batches that were appended: the dumb twin of everything that the log keeps in
 * indexes, caches and checkpoints.
 */
export interface ModelBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly hex: string
  readonly leaderEpoch: number
  /** One per record. */
  readonly timestamps: readonly number[]
  /** Null without a producer. */
  readonly producer: ModelProducerBatch | null
}

export interface ModelProducerBatch {
  readonly producerId: number
  readonly baseSequence: number
  readonly kind: 'data' | 'transactional' | 'abort' | 'commit'
}

export interface ModelAborted {
  readonly producerId: number
  readonly firstOffset: number
  readonly lastOffset: number
  readonly lastStableOffset: number
}

export interface ModelTransactions {
  /** First offsets by producer, in the order in which they began. */
  readonly open: ReadonlyMap<number, number>
  readonly aborted: readonly ModelAborted[]
}

export function transactionsOf(batches: readonly ModelBatch[]): ModelTransactions {
  const open = new Map<number, number>()
  const aborted: ModelAborted[] = []
  for (const { producer, baseOffset, lastOffset } of batches) {
    if (producer === null || producer.kind === 'data') continue
    const { producerId, kind } = producer
    if (kind === 'transactional') {
      if (!open.has(producerId)) open.set(producerId, baseOffset)
      continue
    }
    const firstOffset = open.get(producerId)
    open.delete(producerId)
    if (kind === 'commit' || firstOffset === undefined) continue
    const lastStableOffset = Math.min(lastOffset + 1, ...open.values())
    aborted.push({ producerId, firstOffset, lastOffset, lastStableOffset })
  }
  return { open, aborted }
}

/** The last data batch of each producer. */
export function lastBatches(batches: readonly ModelBatch[]): ReadonlyMap<number, ModelBatch> {
  const last = new Map<number, ModelBatch>()
  for (const batch of batches) {
    const { producer } = batch
    if (producer !== null && (producer.kind === 'data' || producer.kind === 'transactional')) last.set(producer.producerId, batch)
  }
  return last
}

/** The first record at or after an offset that is not older. */
export function firstAtTime(batches: readonly ModelBatch[], fromOffset: number, timestamp: number): number | null {
  for (const { baseOffset, timestamps } of batches) {
    const found = timestamps.findIndex((time, index) => baseOffset + index >= fromOffset && time >= timestamp)
    if (found >= 0) return baseOffset + found
  }
  return null
}
