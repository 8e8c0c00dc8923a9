/**
 * Makes the metadata of a new controller: who votes in the beginning, and a vote that has not been given. A cluster's first
 * controllers are all formatted with the same list; one that joins later with an empty one, and learns who votes from those.
 *
 * The vote file is written last: a directory without one was not formatted to the end, and may be formatted again as long as
 * nothing else is in it.
 */
import { applyRecords, type ClusterImage, emptyImage, type MetadataRecord } from '@millrace/metadata'
import type { Runtime } from '@millrace/runtime'
import { type Membership, membershipOf, NEW_HARD_STATE, type NodeId } from 'raft-ts'
import { METADATA_STORAGE_ERROR_CODES, MetadataStorageError } from '../errors.ts'
import { type MetadataDirectory, METADATA_LOG_NAME, openMetadataLog } from '../metadata-log.ts'
import { SnapshotStore } from '../snapshot-store.ts'
import type { RaftEndpoint } from './raft-transport.ts'
import { toRaftId, type VoterId } from './voter-id.ts'
import { VOTE_FILE, VoteFile } from './vote-file.ts'

export interface FormatOptions {
  readonly runtime: Pick<Runtime, 'clock' | 'disk' | 'logger' | 'crc32c'>
  /** Opened with the cluster's id and the node's. */
  readonly logDirectory: MetadataDirectory
  readonly nodeId: number
  readonly clusterId: string
  /** The same on all of them; empty for a controller that joins later. */
  readonly voters: readonly FormattedVoter[]
}

export interface FormattedVoter extends VoterId, RaftEndpoint {}

/** Rejects with a `MetadataStorageError` when the directory has been formatted or used before; nothing is changed then. */
export async function formatMetadataDirectory({ voters, ...options }: FormatOptions): Promise<void> {
  const records = voters.map((voter): MetadataRecord => ({ type: 'register-controller', ...voter }))
  await writeFormat({ ...options, membership: membershipOf(voters.map(toRaftId)), records })
}

/** Makes a group of this node alone, as a broker that nobody has formatted does at its first start. */
export async function formatAlone(options: Omit<FormatOptions, 'voters'>): Promise<void> {
  await writeFormat({ ...options, membership: membershipOf([ownId(options)]), records: [] })
}

/** Whether somebody made it ready, to the end. */
export function isFormatted({ runtime, logDirectory }: Omit<FormatOptions, 'voters'>): boolean {
  return runtime.disk.stat(`${logDirectory.path}/${METADATA_LOG_NAME}/${VOTE_FILE}`) !== null
}

/** Whether nothing was ever promised from here: there is no vote, no log, and no list of voters but that of this node alone. */
export function isUnformatted(options: Omit<FormatOptions, 'voters'>): boolean {
  const { runtime, logDirectory } = options
  const { disk } = runtime
  const directory = `${logDirectory.path}/${METADATA_LOG_NAME}`
  if (disk.stat(directory) === null) return true
  if (isFormatted(options)) return false
  const hasEntries = disk
    .list(directory)
    .some(({ name }) => /^\d{20}\.log/.test(name) && (disk.stat(`${directory}/${name}`)?.sizeBytes ?? 0) > 0)
  if (hasEntries) return false
  const store = storeOf(options, directory)
  if (store.isEmpty()) return true
  const { snapshot } = store.load()
  if (snapshot === null || snapshot.image.offset !== -1) return false
  const { voters, learners } = snapshot.membership
  return learners.length === 0 && voters.every((voter) => voter === ownId(options))
}

interface Format extends Omit<FormatOptions, 'voters'> {
  readonly membership: Membership
  readonly records: readonly MetadataRecord[]
}

async function writeFormat({ membership, records, ...options }: Format): Promise<void> {
  const { runtime, logDirectory, nodeId, clusterId } = options
  const { disk, crc32c } = runtime
  const directory = `${logDirectory.path}/${METADATA_LOG_NAME}`
  if (!isUnformatted(options)) {
    throw new MetadataStorageError(
      METADATA_STORAGE_ERROR_CODES.formatted,
      `${directory} holds a controller's metadata already, or part of it; nothing was changed. ` +
        'To begin anew, choose an empty data directory',
    )
  }
  await openMetadataLog(logDirectory)
  await storeOf(options, directory).save(imageAtBeginning(clusterId, records), membership)
  const { term, votedFor, commitIndex, durableIndex, isRecovering } = NEW_HARD_STATE
  const hints = { commitHint: commitIndex, durableHint: durableIndex, isRecovering, installingIndex: 0 }
  const { directoryId } = logDirectory
  await VoteFile.create(disk, `${directory}/${VOTE_FILE}`, { clusterId, nodeId, directoryId, term, votedFor, ...hints }, crc32c)
}

/** Before the first entry, so that the entries that follow begin at offset 0. */
function imageAtBeginning(clusterId: string, records: readonly MetadataRecord[]): ClusterImage {
  const { image } = applyRecords(emptyImage(clusterId), records, { offset: -1, epoch: -1 })
  return image
}

function storeOf({ runtime }: Omit<FormatOptions, 'voters'>, directory: string): SnapshotStore {
  const { disk, clock, crc32c, logger } = runtime
  return new SnapshotStore({ disk, directory, clock, crc32c, logger })
}

function ownId({ nodeId, logDirectory }: Omit<FormatOptions, 'voters'>): NodeId {
  return toRaftId({ nodeId, directoryId: logDirectory.directoryId })
}
