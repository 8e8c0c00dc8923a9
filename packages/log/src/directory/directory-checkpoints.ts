/** The checkpoint files of a log directory, and the order in which they have to be written. */
import {
  CLEANER_CHECKPOINT,
  formatOffsetCheckpoint,
  HIGH_WATERMARK_CHECKPOINT,
  LOG_START_CHECKPOINT,
  parseOffsetCheckpoint,
  RECOVERY_POINT_CHECKPOINT,
} from '../checkpoint/offset-checkpoint.ts'
import {
  formatRecoveryPositions,
  parseRecoveryPositions,
  RECOVERY_POSITION_CHECKPOINT,
  type RecoveryPosition,
} from '../checkpoint/recovery-position-checkpoint.ts'
import { partitionDirectoryName } from '../file-names.ts'
import type { PartitionLog } from '../partition-log.ts'
import type { Disk, Logger } from '@millrace/runtime'
import type { CutCheckpoints } from '../log-environment.ts'
import { CheckpointFile, type CheckpointFormat } from './checkpoint-file.ts'

const offsets = (name: string): CheckpointFormat<number> => ({ name, parse: parseOffsetCheckpoint, format: formatOffsetCheckpoint })
const positions: CheckpointFormat<RecoveryPosition> = {
  name: RECOVERY_POSITION_CHECKPOINT,
  parse: parseRecoveryPositions,
  format: formatRecoveryPositions,
}

/** Logs whose leader epochs are written at a time: each is a file of its own, and the device takes several as fast as one. */
const NOTED_TOGETHER = 16

export class DirectoryCheckpoints implements CutCheckpoints {
  readonly recoveryPoints: CheckpointFile<number>
  readonly recoveryPositions: CheckpointFile<RecoveryPosition>
  readonly highWatermarks: CheckpointFile<number>
  readonly logStartOffsets: CheckpointFile<number>
  readonly cleanedOffsets: CheckpointFile<number>

  constructor(disk: Disk, logger: Logger, directory: string) {
    this.recoveryPoints = CheckpointFile.load(disk, logger, directory, offsets(RECOVERY_POINT_CHECKPOINT))
    this.recoveryPositions = CheckpointFile.load(disk, logger, directory, positions)
    this.highWatermarks = CheckpointFile.load(disk, logger, directory, offsets(HIGH_WATERMARK_CHECKPOINT))
    this.logStartOffsets = CheckpointFile.load(disk, logger, directory, offsets(LOG_START_CHECKPOINT))
    this.cleanedOffsets = CheckpointFile.load(disk, logger, directory, offsets(CLEANER_CHECKPOINT))
  }

  /** Everything below was durable; null when nothing is known of the log. */
  recoveryPoint(name: string): number | null {
    const recoveryPoint = this.recoveryPoints.get(name)
    // Where that file is lost, its companion still knows: it is never behind.
    return recoveryPoint ?? (this.recoveryPoints.wasFound ? null : (this.recoveryPositions.get(name)?.recoveryPoint ?? null))
  }

  /** The recovery position of a log, if it goes with the recovery point. */
  recoveryPosition(name: string): RecoveryPosition | null {
    const position = this.recoveryPositions.get(name)
    return position !== null && position.recoveryPoint === this.recoveryPoint(name) ? position : null
  }

  /** Writes where these logs are now. Rejects with a `DiskError`. */
  async write(logs: Iterable<PartitionLog>): Promise<void> {
    const all = [...logs]
    for (let from = 0; from < all.length; from += NOTED_TOGETHER) {
      await Promise.all(all.slice(from, from + NOTED_TOGETHER).map((log) => this.#note(log)))
    }
    // What recovery relies on must be there before the recovery point that makes it rely on it.
    await this.logStartOffsets.write()
    await this.recoveryPositions.write()
    await this.recoveryPoints.write()
    await this.highWatermarks.write()
  }

  /** Makes the log's start durable: nothing below it comes back. */
  async writeLogStart(log: PartitionLog): Promise<void> {
    this.#noteLogStart(log)
    await this.logStartOffsets.write()
  }

  async lower(topic: string, partition: number, place: RecoveryPosition): Promise<void> {
    const name = partitionDirectoryName(topic, partition)
    if ((this.recoveryPoint(name) ?? 0) >= place.recoveryPoint) {
      this.recoveryPoints.set(name, place.recoveryPoint)
      this.recoveryPositions.set(name, place)
    }
    for (const file of [this.highWatermarks, this.cleanedOffsets]) {
      if ((file.get(name) ?? 0) > place.recoveryPoint) file.set(name, place.recoveryPoint)
    }
    // The recovery point first: alone it makes the next start read more than it has to, and no less.
    for (const file of [this.recoveryPoints, this.recoveryPositions, this.highWatermarks, this.cleanedOffsets]) await file.write()
  }

  async setLogStart(topic: string, partition: number, offset: number): Promise<void> {
    this.logStartOffsets.set(partitionDirectoryName(topic, partition), offset)
    await this.logStartOffsets.write()
  }

  /** Resolves when nothing of that name is durable any more, so that its next log owes nothing to the last. */
  async forget(name: string): Promise<void> {
    const files = [this.recoveryPoints, this.recoveryPositions, this.highWatermarks, this.logStartOffsets, this.cleanedOffsets]
    for (const file of files) file.delete(name)
    for (const file of files) await file.write()
  }

  async #note(log: PartitionLog): Promise<void> {
    const name = partitionDirectoryName(log.topic, log.partition)
    const { durablePosition, highWatermark, cuts } = log
    try {
      await log.storeLeaderEpochs()
    } catch (error) {
      if (!log.isClosed) throw error
    }
    // It may have been deleted meanwhile, and is not to be heard of again. Of one that is cut the cut says where it ends.
    if (log.isClosed || log.isBeingCut || log.cuts !== cuts) return
    log.writeDerivedBehind()
    this.#noteLogStart(log)
    if (this.highWatermarks.get(name) !== highWatermark) this.highWatermarks.set(name, highWatermark)
    if (durablePosition === null || this.recoveryPoints.get(name) === durablePosition.offset) return
    const { offset: recoveryPoint, segment, position, maxTimestamp, maxTimestampOffset } = durablePosition
    this.recoveryPoints.set(name, recoveryPoint)
    this.recoveryPositions.set(name, {
      recoveryPoint,
      segmentBaseOffset: segment.baseOffset,
      position,
      maxTimestamp,
      maxTimestampOffset,
    })
  }

  #noteLogStart(log: PartitionLog): void {
    const name = partitionDirectoryName(log.topic, log.partition)
    const known = this.logStartOffsets.get(name)
    // A first segment that begins there implies it, but is no reason to forget it: a power cut may bring the ones before back.
    if (known === null && log.logStartOffset <= log.segments.first.baseOffset) return
    if (known !== log.logStartOffset) this.logStartOffsets.set(name, log.logStartOffset)
  }
}
