/**
 * Tells whether the topics of a group have changed: other partitions, another topic of the same name, one more or one fewer. Kafka has
 * another hash under the same field; who reads the other's log sees a change, and assigns once more.
 */
import type { TopicDescription } from '../../group/topics-view.ts'

const OFFSET_BASIS = 0x811c9dc5
const PRIME = 0x01000193
/** The second hash begins elsewhere and gives the 21 bits above the first's 32: what a safe integer holds. */
const OTHER_BASIS = 0x5bd1e995
const HIGH_BITS = 21

/** 0 when there are no topics. The order does not matter. */
export function metadataHash(topics: readonly TopicDescription[]): number {
  if (topics.length === 0) return 0
  const text = topics
    .map(({ id, name, partitionCount }) => `${name} ${id} ${partitionCount}`)
    .sort()
    .join('\n')
  return (fowlerNollVo(text, OTHER_BASIS) >>> (32 - HIGH_BITS)) * 2 ** 32 + fowlerNollVo(text, OFFSET_BASIS)
}

/** FNV-1a over the characters, which are ASCII. */
function fowlerNollVo(text: string, basis: number): number {
  let hash = basis
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), PRIME)
  return hash >>> 0
}
