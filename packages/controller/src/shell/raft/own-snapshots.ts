/** Keeps snapshots of what was applied here, and removes the entries that they make needless. */
import type { ClusterImage } from '@millrace/metadata'
import type { Logger } from '@millrace/runtime'
import type { RaftNode } from 'raft-ts'
import type { SnapshotStore } from '../snapshot-store.ts'
import type { RaftDriver } from './raft-driver.ts'
import type { RaftStorage } from './raft-storage.ts'

export interface OwnSnapshotsOptions {
  readonly node: RaftNode
  readonly driver: RaftDriver
  readonly storage: RaftStorage
  readonly snapshots: SnapshotStore
  /** Entries that are kept for followers that are a little behind. */
  readonly trailingEntries: number
  readonly logger: Logger
}

/** The image has been applied. Resolves to the size of the snapshot in bytes; rejects when it could not be stored. */
export async function saveOwnSnapshot(image: ClusterImage, options: OwnSnapshotsOptions): Promise<number> {
  const { node, driver, snapshots } = options
  const index = image.offset + 1
  const meta = node.snapshotMetaAt(index)
  // One that reaches further has come from the leader.
  if (meta === null) return 0
  const { sizeBytes, neededFrom } = await snapshots.save(image, meta.membership)
  driver.step({ type: 'snapshot-taken', index })
  await compact(neededFrom, options)
  return sizeBytes
}

/** What is neither needed to fall back to the snapshot before the last one, nor by others that are a little behind. */
async function compact(neededFrom: number, { node, driver, storage, trailingEntries, logger }: OwnSnapshotsOptions): Promise<void> {
  try {
    const index = await storage.compact(() => {
      const { voters, learners } = node.membership
      const trailing = voters.length + learners.length > 1 ? trailingEntries : 0
      return Math.min(neededFrom, node.compactableIndex, Math.max(0, node.appliedIndex - trailing))
    })
    driver.step({ type: 'log-compacted', index })
  } catch (error) {
    logger.warn('the metadata log could not be made shorter; it is tried again with the next snapshot', { error })
  }
}
