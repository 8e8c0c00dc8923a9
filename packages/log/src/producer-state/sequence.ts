/**
 * Sequence numbers of producers: they count the records of one producer epoch in a partition, from 0 to 2^31-1 and around.
 */
const SEQUENCES = 2 ** 31

export const NO_SEQUENCE = -1

/** The sequence of a batch's first record, from that of its last. */
export function firstSequenceOf(lastSequence: number, offsetDelta: number): number {
  if (lastSequence < 0) return NO_SEQUENCE
  return lastSequence >= offsetDelta ? lastSequence - offsetDelta : lastSequence - offsetDelta + SEQUENCES
}

export function lastSequenceOf(firstSequence: number, offsetDelta: number): number {
  return firstSequence < 0 ? NO_SEQUENCE : (firstSequence + offsetDelta) % SEQUENCES
}

export function follows(lastSequence: number, nextSequence: number): boolean {
  return nextSequence === (lastSequence + 1) % SEQUENCES
}
