/** What an observer keeps, in memory. */
import { type ClusterImage, decodeRecords } from '@millrace/metadata'
import { crc32c, silentLogger } from '@millrace/runtime'
import { ImageFeed } from '../../shell/image-feed.ts'
import type { CommittedBatch } from '../../shell/metadata-quorum.ts'
import { decodeEntry } from '../../shell/raft/entry-codec.ts'
import { decodeSnapshot } from '../../shell/snapshot-format.ts'
import type { MetadataBatch } from '../metadata-fetch.ts'
import type { MetadataReplica } from '../remote-metadata-feed.ts'

export class MemoryReplica extends ImageFeed implements MetadataReplica {
  readonly snapshots: ClusterImage[] = []
  isClosed = false
  /** What bytes of a snapshot are. */
  toImage: (bytes: Uint8Array) => ClusterImage = (bytes) => decodeSnapshot(bytes, 'of a test', crc32c).image

  constructor(clusterId = 'c') {
    super(clusterId, silentLogger)
  }

  load(): Promise<void> {
    return Promise.resolve()
  }

  decodeBatch({ bytes }: MetadataBatch): CommittedBatch {
    const { entry } = decodeEntry(bytes, 0, crc32c)
    const records = entry.type === 'data' ? decodeRecords(entry.data) : []
    return { offset: entry.index - 1, epoch: entry.term, records, sizeBytes: bytes.length }
  }

  append(_batches: readonly MetadataBatch[], decoded: readonly CommittedBatch[]): void {
    for (const batch of decoded) this.onCommitted(batch)
  }

  decodeSnapshot(bytes: Uint8Array): ClusterImage {
    return this.toImage(bytes)
  }

  install(image: ClusterImage): Promise<void> {
    this.snapshots.push(image)
    this.onSnapshot(image)
    return Promise.resolve()
  }

  close(): Promise<void> {
    this.isClosed = true
    return Promise.resolve()
  }
}
