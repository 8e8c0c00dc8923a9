/**
 * What a batch changes for its producer when it was taken before, by this broker or by the leader: nothing is asked of it any more,
 * for every replica has to come to the same state.
 */
import {
  batchBaseOffset,
  batchBaseSequence,
  batchLastOffset,
  batchLastSequence,
  batchProducerEpoch,
  batchProducerId,
  isControl,
  isTransactional,
  maxTimestamp,
  readMarker,
} from '@millrace/protocol'
import type { ProducerState, StagedProducerChange } from './producer-state.ts'

/** Null for a batch without a producer, and for a control batch that ends no transaction. The batch has its offsets. */
export function stageKnownBatch(producers: ProducerState, bytes: Uint8Array, at: number): StagedProducerChange | null {
  const producerId = batchProducerId(bytes, at)
  if (producerId < 0) return null
  // No time has passed as far as expiry goes: what was appended then was known then.
  const entry = producers.find(producerId, 0)
  const timestamp = maxTimestamp(bytes, at)
  const lastOffset = batchLastOffset(bytes, at)
  const producerEpoch = batchProducerEpoch(bytes, at)
  if (isControl(bytes, at)) {
    const marker = readMarker(bytes, at)
    if (marker === null || marker.type === null) return null
    const { coordinatorEpoch, type } = marker
    const isAbort = type === 'abort'
    return producers.stageMarker(entry, { producerId, producerEpoch, coordinatorEpoch, offset: lastOffset, timestamp, isAbort })
  }
  return producers.stageBatch(entry, {
    producerId,
    producerEpoch,
    firstSequence: batchBaseSequence(bytes, at),
    lastSequence: batchLastSequence(bytes, at),
    baseOffset: batchBaseOffset(bytes, at),
    lastOffset,
    maxTimestamp: timestamp,
    isTransactional: isTransactional(bytes, at),
  })
}
