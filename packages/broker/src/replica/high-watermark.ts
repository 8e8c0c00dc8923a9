/**
 * Where the high watermark may stand: the end of what every in-sync replica holds, as safely as the topic asks for.
 *
 * `offset` of a replica is its durable end offset in a `durability=fsync` topic and its log end offset in a `replicated` one,
 * so the same rule serves both. It stands still while fewer replicas are in sync than `min.insync.replicas` asks for
 * (KIP-966), whatever `acks` the producers use.
 */
export interface HighWatermarkInput {
  /** Where it stands now. Invariant: the result is never below it. */
  readonly current: number
  /** End offsets of the in-sync replicas, the leader's among them. Never empty. */
  readonly inSyncOffsets: readonly number[]
  readonly minInsyncReplicas: number
  readonly replicationFactor: number
}

export function nextHighWatermark(input: HighWatermarkInput): number {
  const required = Math.min(input.minInsyncReplicas, input.replicationFactor)
  if (input.inSyncOffsets.length < required) return input.current
  let lowest = Number.MAX_SAFE_INTEGER
  for (const offset of input.inSyncOffsets) lowest = Math.min(lowest, offset)
  return Math.max(input.current, lowest)
}
