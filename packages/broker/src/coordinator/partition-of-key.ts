/**
 * Which partition of an internal topic a group id or a transactional id belongs to: Java's hash of the text, as Apache Kafka counts,
 * so that a log directory that was Kafka's is read right.
 */

/** `partitionCount` is at least 1. */
export function partitionOfKey(key: string, partitionCount: number): number {
  const hash = javaHash(key)
  // The one number without an absolute value counts as 0.
  return hash === -0x8000_0000 ? 0 : Math.abs(hash) % partitionCount
}

/** `String.hashCode`: over UTF-16 units, in 32 bits. */
function javaHash(text: string): number {
  let hash = 0
  for (let index = 0; index < text.length; index += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0
  return hash
}
