/** The topics that a run writes to, as its plan wants them. */
import type { NewTopic } from '@millrace/client'
import type { Plan } from './plan.ts'

export function newTopics(names: readonly string[], plan: Plan): NewTopic[] {
  const { partitions, replicationFactor, minInsyncReplicas, durability, knobs } = plan
  const configs = {
    'min.insync.replicas': minInsyncReplicas,
    durability,
    'index.interval.bytes': knobs.indexIntervalBytes,
    'segment.index.bytes': knobs.segmentIndexBytes,
    'segment.ms': knobs.segmentMs,
    // Clocks here are an hour off, and further.
    'message.timestamp.after.max.ms': '9223372036854775807',
  }
  return names.map((name) => ({ name, partitions, replicationFactor, configs }))
}
