/**
 * Says it when a leader was elected that may lack committed records: such a loss was allowed, or could not be helped, and must not
 * go unnoticed. One line a batch, however many partitions it is.
 */
import type { ImageDelta } from '@millrace/metadata'
import type { Logger } from '@millrace/runtime'

export function reportLosses(delta: ImageDelta, logger: Logger): void {
  let count = 0
  let example: { readonly topic: string; readonly partition: number; readonly leader: number } | null = null
  for (const { before, after, partitions } of delta.topics.values()) {
    for (const index of partitions) {
      const partition = after?.partitions[index]
      if (after === null || partition === undefined || partition.leader === -1 || partition.recoveryState === 'recovered') continue
      if (before?.partitions[index]?.leaderEpoch === partition.leaderEpoch) continue
      count++
      example ??= { topic: after.name, partition: index, leader: partition.leader }
    }
  }
  if (example !== null) logger.warn('leaders were elected that may lack committed records', { partitions: count, ...example })
}
