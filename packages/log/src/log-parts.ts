/** What a log is made of, put together from what recovery found. */
import { DerivedStore } from './derived-store.ts'
import { EpochFile } from './epoch-file.ts'
import { LogAppender } from './log-appender.ts'
import type { LogConfig } from './log-config.ts'
import type { LogEnvironment } from './log-environment.ts'
import { LogHealth } from './log-health.ts'
import { LogReader } from './log-reader.ts'
import type { ProducerState } from './producer-state/producer-state.ts'
import type { LoadedLog } from './recovery/loaded-log.ts'
import type { SegmentList } from './segment-list.ts'
import { LogTail } from './tail-cache.ts'
import { UnsyncedFiles } from './unsynced-files.ts'

export interface LogParts {
  readonly topic: string
  readonly partition: number
  readonly directory: string
  readonly health: LogHealth
  readonly segments: SegmentList
  readonly producers: ProducerState
  readonly epochs: EpochFile
  readonly tail: LogTail
  readonly reader: LogReader
  readonly unsynced: UnsyncedFiles
  readonly appender: LogAppender
  readonly derived: DerivedStore
}

export function assembleLog(environment: LogEnvironment, config: LogConfig, loaded: LoadedLog): LogParts {
  const { topic, partition, directory, segments, producers, logEndOffset } = loaded
  const tail = new LogTail(environment.tailCache)
  const unsynced = new UnsyncedFiles(directory, loaded.unsynced, loaded.isDirectoryUnsynced)
  return {
    topic,
    partition,
    directory,
    health: new LogHealth(environment, loaded),
    segments,
    producers,
    epochs: new EpochFile(environment, directory, loaded.epochs),
    tail,
    reader: new LogReader(segments, tail),
    unsynced,
    appender: new LogAppender(environment, config, loaded, tail, unsynced),
    derived: new DerivedStore(environment, loaded, unsynced, loaded.isDerivedStored ? logEndOffset : -1),
  }
}
