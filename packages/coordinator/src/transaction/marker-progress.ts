/**
 * Which partitions still have to learn how a transaction ended. Not in the log: whoever leads next tells all of them again, which does
 * no harm.
 */
import { ERROR_CODES } from '@millrace/protocol'
import type { MarkerOutcome } from './events.ts'
import { byTopic, listOf } from './partitions.ts'
import type { TopicPartitions } from './state.ts'

export interface MarkerProgress {
  /** Those without a marker so far. */
  readonly unwritten: Map<string, Set<number>>
  /** Of these, those to be told again after a pause. */
  readonly failed: Map<string, Set<number>>
  /** Pauses since a partition last took its marker. */
  pauses: number
  isPausing: boolean
}

const PAUSE_MS = 20
const PAUSE_MS_MAX = 500

export function markerProgress(partitions: readonly TopicPartitions[]): MarkerProgress {
  return { unwritten: byTopic(partitions), failed: new Map(), pauses: 0, isPausing: false }
}

export function noteOutcomes(progress: MarkerProgress, outcomes: readonly MarkerOutcome[]): void {
  for (const { topic, partition, outcome } of outcomes) {
    if (progress.unwritten.get(topic)?.has(partition) !== true) continue
    if (isSettled(outcome)) {
      remove(progress.unwritten, topic, partition)
      remove(progress.failed, topic, partition)
      progress.pauses = 0
    } else {
      const failed = progress.failed.get(topic) ?? new Set()
      progress.failed.set(topic, failed.add(partition))
    }
  }
}

/** For how long to leave the partitions that failed alone. */
export function beginPause(progress: MarkerProgress): number {
  progress.isPausing = true
  const pauseMs = Math.min(PAUSE_MS * 2 ** progress.pauses, PAUSE_MS_MAX)
  progress.pauses += 1
  return pauseMs
}

/** Those that are to be told again now. */
export function endPause(progress: MarkerProgress): readonly TopicPartitions[] {
  progress.isPausing = false
  const again = listOf(progress.failed)
  progress.failed.clear()
  return again
}

/**
 * The partition has nothing more to learn. INVALID_PRODUCER_EPOCH: it knows a later epoch of this producer, which began only after what was
 * open before had ended. All else may get better: a leader comes, a broker learns of its partitions, a disk is exchanged.
 */
function isSettled(outcome: MarkerOutcome['outcome']): boolean {
  return outcome === ERROR_CODES.NONE || outcome === 'deleted' || outcome === ERROR_CODES.INVALID_PRODUCER_EPOCH
}

function remove(sets: Map<string, Set<number>>, topic: string, partition: number): void {
  const partitions = sets.get(topic)
  partitions?.delete(partition)
  if (partitions?.size === 0) sets.delete(topic)
}
