/** `partition.metadata`: the id of the topic whose records a partition directory holds. */
import { decodeAscii, encodeAscii } from '../ascii.ts'

export const PARTITION_METADATA = 'partition.metadata'

const CONTENT = /^version: 0\r?\ntopic_id: ([A-Za-z0-9_-]{22})\s*$/

/** The topic id, or null when the file is damaged. */
export function parsePartitionMetadata(bytes: Uint8Array): string | null {
  return CONTENT.exec(decodeAscii(bytes))?.[1] ?? null
}

export function formatPartitionMetadata(topicId: string): Uint8Array {
  return encodeAscii(`version: 0\ntopic_id: ${topicId}`)
}
