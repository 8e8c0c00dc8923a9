/**
 * Carries out what a follower makes of its leader's answer: records are appended, flushed where the topic asks for that, cut off where
 * the leader does not have them. The machine decides; this does it and tells what came of it.
 */
import { isWantOfRoom, type PartitionLog } from '@millrace/log'
import { BATCH_HEADER_BYTES, batchBaseOffset, batchLastOffset } from '@millrace/protocol'
import type { ErrorCode } from '@millrace/protocol'
import type { ReplicaEffect } from '../replica/effects.ts'
import type { EpochEnd } from '../replica/events.ts'
import type { ReplicaState } from '../replica/state.ts'
import { step } from '../replica/step.ts'
import type { RoomReports } from './room-reports.ts'

export interface ReplicaFetchPosition {
  readonly fetchOffset: number
  /** -1 for a log without any. */
  readonly lastFetchedEpoch: number
  readonly currentLeaderEpoch: number
  readonly logStartOffset: number
}

/** What the leader answered. */
export interface LeaderAnswer {
  /** The `currentLeaderEpoch` that it was asked with. */
  readonly leaderEpoch: number
  readonly errorCode: ErrorCode
  readonly records: Uint8Array | null
  /** -1 where it does not say. */
  readonly highWatermark: number
  readonly logStartOffset: number
  readonly divergingEpoch: EpochEnd | null
}

export type FollowOutcome = 'ready' | 'wait' | 'failed'

export interface FollowOptions {
  readonly log: PartitionLog
  readonly replica: ReplicaState
  readonly answer: LeaderAnswer
  /** What is fetched counts once it is on the device, so it has to be there before more is asked for. */
  readonly isFsync: boolean
  /** Whether the leader that answered is still the one that is followed. */
  isCurrent(): boolean
  /** Carries out what concerns those who wait, and the log's start. */
  perform(effects: readonly ReplicaEffect[]): void
  readonly reports: RoomReports
  readonly names: Readonly<Record<string, string | number>>
}

/** Rejects with the `StorageError` for which this replica cannot go on. For want of room it can, when there is some. */
export async function followLeader(options: FollowOptions): Promise<FollowOutcome> {
  try {
    return await carryOut(options)
  } catch (error) {
    if (!isWantOfRoom(error)) throw error
    options.reports.error('there is no room to follow the leader; it is asked again', { ...options.names, error })
    return 'wait'
  }
}

async function carryOut(options: FollowOptions): Promise<FollowOutcome> {
  const { log, replica, answer, perform } = options
  const { divergingEpoch } = answer
  const effects = step(replica, {
    type: 'leader-answered',
    askedEpoch: answer.leaderEpoch,
    errorCode: answer.errorCode,
    hasRecords: answer.records !== null && answer.records.length > 0,
    highWatermark: answer.highWatermark,
    logStartOffset: answer.logStartOffset,
    divergingEpoch,
    ownEnd: divergingEpoch === null ? null : log.endOffsetForEpoch(divergingEpoch.epoch),
    ownLogStartOffset: log.logStartOffset,
    ownEndOffset: log.logEndOffset,
  })
  perform(effects)
  let outcome: FollowOutcome = 'ready'
  for (const effect of effects) {
    if (effect.type === 'wait') outcome = 'wait'
    else if (effect.type === 'truncate') await log.truncateTo(effect.offset)
    else if (effect.type === 'reset') await log.resetTo(effect.offset)
    else if (effect.type === 'append') outcome = await append(options)
  }
  return outcome
}

async function append(options: FollowOptions): Promise<FollowOutcome> {
  const { log, replica, answer, isFsync, perform } = options
  const { records, leaderEpoch } = answer
  if (records !== null && records.length > 0) {
    const firstOffset = startsWithin(log, records)
    // What is a view now is something else when the log was moved.
    const kept = firstOffset === null ? records : records.slice()
    if (firstOffset !== null) await log.resetTo(firstOffset)
    if (!options.isCurrent()) return 'ready'
    try {
      log.appendReplicated(kept, leaderEpoch)
    } catch (error) {
      options.reports.error('what the leader sent was not appended; it is asked again', { ...options.names, leaderEpoch, error })
      return 'wait'
    }
    // It went down with the log, though nothing of what it covers was cut off.
    if (firstOffset !== null) log.setHighWatermark(Math.min(replica.highWatermark, log.logEndOffset))
  }
  perform(
    step(replica, {
      type: 'follower-appended',
      askedEpoch: leaderEpoch,
      endOffset: log.logEndOffset,
      logStartOffset: log.logStartOffset,
      leaderHighWatermark: answer.highWatermark,
      leaderLogStartOffset: answer.logStartOffset,
    }),
  )
  if (isFsync && log.durableEndOffset < log.logEndOffset) await log.flush()
  if (log.storedEpochsEndOffset < log.logEndOffset) await log.storeLeaderEpochs()
  return 'ready'
}

/** Where an empty log has to begin so that it can take a batch that the leader deleted a part of; null when it need not be moved. */
function startsWithin(log: PartitionLog, records: Uint8Array): number | null {
  if (log.logStartOffset !== log.logEndOffset || records.length < BATCH_HEADER_BYTES) return null
  const baseOffset = batchBaseOffset(records, 0)
  return baseOffset >= 0 && baseOffset < log.logEndOffset && batchLastOffset(records, 0) >= log.logEndOffset ? baseOffset : null
}
