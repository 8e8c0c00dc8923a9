/**
 * What a controller finds of itself when it starts: vote, snapshot and log, and whether they go together.
 *
 * A crash leaves an unfinished write at the end, and nothing else. Anything worse means that this node may have lost entries
 * which it once acknowledged. The only controller there is then refuses to start, and nothing is changed. One of several goes on
 * with what is sound, keeps the rest under another name, and is *recovering*: it takes part in no election until a leader has
 * given it again whatever was committed.
 *
 * | what is found                                             | what follows                                             |
 * | --------------------------------------------------------- | -------------------------------------------------------- |
 * | no vote file, and something beside it                     | refuses: it may have voted                                |
 * | a vote file of another cluster, node or directory         | refuses, by name                                          |
 * | bad bytes after which no later write follows, not known to have been durable, after a crash | they are cut off        |
 * | any other bad bytes, a gap, an end before what was durable | the only voter refuses; others set it aside and recover  |
 * | a damaged snapshot, and an older one and the log reach    | the older one is used                                     |
 * | a damaged snapshot, and they do not reach                 | the only voter refuses; others set all aside and recover  |
 * | a log that ends before the snapshot that was taking its place | the snapshot takes its place                          |
 */
import { type ClusterImage, emptyImage } from '@millrace/metadata'
import { type Clock, type Disk, invariant, type Logger } from '@millrace/runtime'
import { EMPTY_MEMBERSHIP, type InitialState, type Membership, type NodeId, type SnapshotMeta } from 'raft-ts'
import { METADATA_STORAGE_ERROR_CODES, MetadataStorageError } from '../errors.ts'
import { type MetadataDirectory, METADATA_LOG_NAME, type MetadataLog, openMetadataLog } from '../metadata-log.ts'
import type { LoadedSnapshot, SnapshotStore } from '../snapshot-store.ts'
import { forgetDerived, keepSoundPart, setLogAside } from './damaged-log.ts'
import { DURABLE_MARK_FILE, DurableMark } from './durable-mark.ts'
import { type ScannedLog, scanLog } from './log-scan.ts'
import { fromRaftId } from './voter-id.ts'
import { type QuorumState, VOTE_FILE, VoteFile } from './vote-file.ts'

export interface RecoveryOptions {
  readonly disk: Disk
  readonly logDirectory: MetadataDirectory
  readonly snapshots: SnapshotStore
  readonly clusterId: string
  readonly id: NodeId
  /** There are, or may be, other controllers that have what this one lost. */
  readonly hasPeers: boolean
  readonly clock: Pick<Clock, 'setTimer'>
  readonly crc32c: (bytes: Uint8Array) => number
  readonly logger: Logger
}

export interface RecoveredRaft {
  readonly initial: InitialState
  /** What the snapshot that Raft begins with holds. */
  readonly image: ClusterImage
  readonly log: MetadataLog
  readonly voteFile: VoteFile
  readonly durableMark: DurableMark
}

/** What is known before the log is opened. */
interface Findings {
  readonly scan: ScannedLog
  readonly snapshot: SnapshotMeta
  readonly image: ClusterImage
  /** The snapshot takes the place of the whole log. */
  readonly isReset: boolean
  readonly isRecovering: boolean
}

/** Rejects with a `MetadataStorageError` that says what is wrong and what to do, or with what disk and log report. */
export async function recoverRaft(options: RecoveryOptions): Promise<RecoveredRaft> {
  const { disk, logDirectory, clock, crc32c, snapshots, logger } = options
  const directory = `${logDirectory.path}/${METADATA_LOG_NAME}`
  if (disk.stat(`${directory}/${VOTE_FILE}`) === null) throw noVote(directory)
  const voteFile = await VoteFile.open(disk, `${directory}/${VOTE_FILE}`, crc32c, (state) => assertOurs(state, options))
  const durableMark = new DurableMark({ disk, path: `${directory}/${DURABLE_MARK_FILE}`, clock, crc32c, logger })
  try {
    snapshots.removeUnfinished()
    const found = await examine(options, directory, voteFile, durableMark.index)
    assertReachable(options, found)
    const log = await openMetadataLog(logDirectory)
    if (found.isReset) await log.resetTo(found.snapshot.index)
    // What a killed process left in the page cache is believed from now on, so a power cut must not take it.
    await log.flush()
    if (log.logEndOffset < durableMark.index) await durableMark.lowerTo(log.logEndOffset)
    else durableMark.raiseTo(log.logEndOffset)
    // Whatever the log lacks from now on, it has lost.
    if (voteFile.state.installingIndex > 0) await voteFile.write({ ...voteFile.state, installingIndex: 0 })
    const { snapshot, image, isRecovering } = found
    const initialLog = found.isReset
      ? { compacted: position(snapshot), lastIndex: snapshot.index, termStarts: [], memberships: [] }
      : readableLog(found, log)
    invariant(log.logEndOffset === initialLog.lastIndex, 'the log ends where it was seen to end', {
      logEndOffset: log.logEndOffset,
      lastIndex: initialLog.lastIndex,
    })
    const { term, votedFor, commitHint, durableHint } = voteFile.state
    const lastTerm = initialLog.termStarts.at(-1)?.term ?? initialLog.compacted.term
    assertKnownTerm(lastTerm, term, directory)
    return {
      initial: {
        hardState: { term, votedFor, commitIndex: commitHint, durableIndex: durableHint, isRecovering },
        snapshot,
        log: initialLog,
        appliedIndex: snapshot.index,
      },
      image,
      log,
      voteFile,
      durableMark,
    }
  } catch (error) {
    voteFile.close()
    await durableMark.close()
    throw error
  }
}

async function examine(options: RecoveryOptions, directory: string, voteFile: VoteFile, markedIndex: number): Promise<Findings> {
  const { state } = voteFile
  const { disk, logDirectory, snapshots, crc32c, logger } = options
  const { checkpoints } = logDirectory
  const scanned = await scanLog(disk, directory, crc32c)
  // Segments that are needed no more may still be there.
  const firstIndex = Math.max(scanned.firstIndex, (checkpoints.logStartOffsets.get(METADATA_LOG_NAME) ?? 0) + 1)
  const scan = { ...scanned, firstIndex }
  const loaded = snapshots.load()
  const { image, meta } = snapshotOf(loaded, options)
  const isOnly = isOnlyVoter(options, scan, meta)
  let isRecovering = state.isRecovering
  /** Written down before anything is repaired: what was repaired does not look as if anything were missing. */
  const lost = async (code: 'logCorrupt' | 'logIncomplete', problem: string): Promise<void> => {
    if (isOnly) throw lostMetadata(code, problem, loaded)
    logger.error('this controller may have lost metadata that it acknowledged; it takes part in no election until it has it again', {
      directory,
      problem,
    })
    isRecovering = true
    await voteFile.write({ ...voteFile.state, isRecovering })
  }
  if (isOnly && state.isRecovering) throw lostMetadata('logIncomplete', 'what an earlier start found missing was never given back', loaded)
  const setAside = async (): Promise<void> => {
    await setLogAside(disk, directory)
    await checkpoints.forget(METADATA_LOG_NAME)
  }

  if (scan.firstIndex > meta.index + 1) {
    const known = loaded.snapshot === null ? 'there is no readable snapshot' : `the newest readable snapshot ends at offset ${meta.index}`
    await lost('logIncomplete', `the log begins at offset ${scan.firstIndex - 1} and ${known}`)
    await setAside()
    snapshots.setAside(loaded.damaged)
    return { scan, snapshot: meta, image, isReset: true, isRecovering }
  }

  // The vote file is written now and then; the log's own checkpoints and the mark, which may be gone, may know more.
  const durableIndex = Math.max(state.commitHint, state.durableHint, checkpoints.recoveryPoint(METADATA_LOG_NAME) ?? 0, markedIndex)
  const { damage } = scan
  const isTorn = damage !== null && damage.isTornWrite && damage.index > durableIndex && !logDirectory.wasCleanShutdown
  if (damage !== null && !isTorn) {
    await lost(
      'logCorrupt',
      `${damage.path} is damaged at byte ${damage.position}, where offset ${damage.index - 1} is to be: ${damage.reason}`,
    )
    await keepSoundPart(disk, directory, damage)
    await checkpoints.forget(METADATA_LOG_NAME)
  }

  const isInstalling = state.installingIndex > 0 && state.installingIndex === meta.index
  const hasSnapshotEntry = scan.lastIndex >= meta.index && (meta.index < scan.firstIndex || termAt(scan, meta.index) === meta.term)
  if (!hasSnapshotEntry && !isInstalling) {
    await lost('logIncomplete', `the log ends at offset ${scan.lastIndex} and the newest readable snapshot ends at offset ${meta.index}`)
  } else if (damage === null && scan.lastIndex < durableIndex && !isInstalling) {
    await lost('logIncomplete', `the log ends at offset ${scan.lastIndex} and was durable up to offset ${durableIndex}`)
    await forgetDerived(disk, directory)
    await checkpoints.forget(METADATA_LOG_NAME)
  }
  if (!hasSnapshotEntry) await setAside()
  snapshots.setAside(loaded.damaged)
  return { scan, snapshot: meta, image, isReset: !hasSnapshotEntry, isRecovering }
}

/** Without any readable snapshot the beginning of the group, which the log may reach back to. */
function snapshotOf({ snapshot }: LoadedSnapshot, { clusterId }: RecoveryOptions): { image: ClusterImage; meta: SnapshotMeta } {
  if (snapshot === null) return { image: emptyImage(clusterId), meta: { index: 0, term: 0, membership: EMPTY_MEMBERSHIP } }
  const { image, membership } = snapshot
  if (image.clusterId !== clusterId) {
    throw new MetadataStorageError(
      METADATA_STORAGE_ERROR_CODES.otherCluster,
      `the metadata snapshot belongs to cluster ${image.clusterId}, this node to ${clusterId}`,
    )
  }
  return { image, meta: { index: image.offset + 1, term: Math.max(0, image.epoch), membership } }
}

/** Nobody else can have what this node lost. */
function isOnlyVoter({ id, hasPeers }: RecoveryOptions, scan: ScannedLog, snapshot: SnapshotMeta): boolean {
  const inForce: Membership = scan.memberships.at(-1)?.membership ?? snapshot.membership
  if (inForce.voters.length === 0) return !hasPeers
  return inForce.voters.length === 1 && inForce.voters[0] === id
}

/**
 * The part of the log that can be read. The term of the entry before it is known only where a snapshot ends there; otherwise
 * the first entry serves as that one.
 */
function readableLog({ scan, snapshot }: Findings, { logStartOffset }: MetadataLog): InitialState['log'] {
  const firstIndex = Math.max(scan.firstIndex, logStartOffset + 1)
  const { lastIndex, memberships } = scan
  const compacted =
    firstIndex === 1
      ? { index: 0, term: 0 }
      : firstIndex === snapshot.index + 1
        ? position(snapshot)
        : { index: firstIndex, term: termAt(scan, firstIndex) }
  const begin = compacted.index + 1
  const later = scan.termStarts.filter(({ index }) => index > begin)
  const termStarts = begin > lastIndex ? [] : [{ index: begin, term: termAt(scan, begin) }, ...later]
  return { compacted, lastIndex, termStarts, memberships: memberships.filter(({ index }) => index >= begin) }
}

/** Of an entry that was scanned. */
function termAt({ termStarts }: ScannedLog, index: number): number {
  return termStarts.findLast((start) => start.index <= index)?.term ?? -1
}

function position({ index, term }: SnapshotMeta): { readonly index: number; readonly term: number } {
  return { index, term }
}

function assertOurs(state: QuorumState, { clusterId, id, logDirectory }: RecoveryOptions): void {
  const { nodeId, directoryId } = fromRaftId(id)
  const where = `the metadata in ${logDirectory.path}`
  if (state.clusterId !== clusterId) {
    throw new MetadataStorageError(
      METADATA_STORAGE_ERROR_CODES.otherCluster,
      `${where} belongs to cluster ${state.clusterId}, this node to ${clusterId}`,
    )
  }
  if (state.nodeId !== nodeId) {
    throw new MetadataStorageError(
      METADATA_STORAGE_ERROR_CODES.otherNode,
      `${where} is that of node ${state.nodeId}, this is node ${nodeId}; start that node with it, or give this one a directory of its own`,
    )
  }
  if (state.directoryId !== directoryId) {
    throw new MetadataStorageError(
      METADATA_STORAGE_ERROR_CODES.otherDirectory,
      `${where} was written in directory ${state.directoryId}, and this is ${directoryId}: it was copied, ` +
        'or meta.properties was written anew; a vote must not be cast from two places',
    )
  }
}

function noVote(directory: string): MetadataStorageError {
  return new MetadataStorageError(
    METADATA_STORAGE_ERROR_CODES.voteLost,
    `${directory} holds a controller's metadata and no ${VOTE_FILE}, so it is not known what this controller voted for; ` +
      'restore that file from a backup, or format another data directory and add this controller to the quorum again',
  )
}

/** Who has no peers and is not the only voter would wait for ever. */
function assertReachable({ hasPeers, id, logDirectory }: RecoveryOptions, { scan, snapshot }: Findings): void {
  const { voters } = scan.memberships.at(-1)?.membership ?? snapshot.membership
  if (hasPeers || (voters.length === 1 && voters[0] === id)) return
  const others = voters.length === 0 ? 'controllers that it does not know yet' : `the controllers ${voters.join(', ')}`
  throw new MetadataStorageError(
    METADATA_STORAGE_ERROR_CODES.notFormatted,
    `${logDirectory.path} was formatted for a quorum of ${others}, and the configuration names no other controllers; name them`,
  )
}

function assertKnownTerm(lastTerm: number, term: number, directory: string): void {
  if (lastTerm <= term) return
  throw new MetadataStorageError(
    METADATA_STORAGE_ERROR_CODES.voteLost,
    `the log in ${directory} has entries of epoch ${lastTerm}, and the vote file knows epoch ${term} only, so later votes are lost; ` +
      'remove this controller from the quorum, format its data directory anew and add it again, or restore the directory from a backup',
  )
}

function lostMetadata(code: 'logCorrupt' | 'logIncomplete', problem: string, { damaged }: LoadedSnapshot): MetadataStorageError {
  const also = damaged.length === 0 ? '' : `; damaged: ${damaged.join(', ')}`
  return new MetadataStorageError(
    METADATA_STORAGE_ERROR_CODES[code],
    `metadata is missing or damaged, and no other controller has it: ${problem}${also}; ` +
      'restore the directory of the metadata log from a backup',
  )
}
