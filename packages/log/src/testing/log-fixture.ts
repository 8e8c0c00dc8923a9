/** A log directory on a memory disk with a clock that tests move, which may crash and be opened again. */
import { buildBatch, type RecordInput } from '@millrace/protocol'
import {
  type Clock,
  crc32c,
  createCompression,
  createMemoryDisk,
  type KillableProcess,
  killableProcess,
  type MemoryDisk,
  seededRandom,
  type Timer,
} from '@millrace/runtime'
import { DEFAULT_LOG_CONFIG, DEFAULT_LOG_DIRECTORY_SETTINGS, type LogConfig, type LogDirectorySettings } from '../log-config.ts'
import { type LogDirectory, openLogDirectory } from '../directory/log-directory.ts'
import type { PartitionLog } from '../partition-log.ts'
import { recordingLogger, type LoggedEvent } from './recording-logger.ts'

export const TOPIC_ID = 'mB0s3oWvTxGVWHNTVVlXSA'
export const PATH = '/data'
/** Where the log's own segment lies. */
export const PARTITION_PATH = `${PATH}/orders-0`

/** Time that stands still until it is moved; timers fire in order as it passes them. */
export class ManualClock implements Clock {
  nowMs = 1_700_000_000_000
  #timers: { readonly dueMs: number; readonly fire: () => void }[] = []

  now(): number {
    return this.nowMs
  }

  monotonic(): number {
    return this.nowMs
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const timer = { dueMs: this.nowMs + delayMs, fire }
    this.#timers.push(timer)
    return { cancel: () => void (this.#timers = this.#timers.filter((other) => other !== timer)) }
  }

  defer(run: () => void): void {
    setImmediate(run)
  }

  advance(ms: number): void {
    const endMs = this.nowMs + ms
    for (;;) {
      const due = this.#timers.filter(({ dueMs }) => dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs)[0]
      if (due === undefined) break
      this.#timers = this.#timers.filter((other) => other !== due)
      this.nowMs = Math.max(this.nowMs, due.dueMs)
      due.fire()
    }
    this.nowMs = endMs
  }
}

export interface LogFixture {
  readonly disk: MemoryDisk
  readonly clock: ManualClock
  readonly config: LogConfig
  directory: LogDirectory
  log: PartitionLog
  /** What was logged since the directory was opened last. */
  readonly logged: LoggedEvent[]
  /** Kills the process: what it wrote is in the page cache, what it had in hand is gone. */
  kill(): void
  /** Kills it after so many more changes of the disk. */
  killAfter(changes: number): void
  /** Stops in good order. */
  stop(): Promise<void>
  /** Opens the directory in a new process, and no log. */
  start(): Promise<void>
  /** Opens the log, as that of another topic if need be. */
  openLog(topicId?: string): Promise<PartitionLog>
  /** `start` and `openLog`. */
  reopen(): Promise<void>
  /** `kill` and `reopen`. */
  crash(): Promise<void>
  /** `stop` and `reopen`. */
  restart(): Promise<void>
  /** The power is cut: what was not synced is lost or torn. Needs a disk that can lose it. */
  losePower(seed: number): void
}

export interface FixtureOptions {
  readonly config?: Partial<LogConfig>
  readonly settings?: Partial<LogDirectorySettings>
  readonly disk?: MemoryDisk
  /** Where to keep what is logged. */
  readonly logged?: LoggedEvent[]
}

export async function logFixture(options: FixtureOptions = {}): Promise<LogFixture> {
  const clock = new ManualClock()
  const disk = options.disk ?? createMemoryDisk({ clock })
  const config = { ...DEFAULT_LOG_CONFIG, ...options.config }
  const random = seededRandom(1)
  const logger = recordingLogger(options.logged)
  let process: KillableProcess
  const open = (): Promise<LogDirectory> => {
    process = killableProcess(disk, clock)
    logger.events.length = 0
    return openLogDirectory({
      runtime: { clock: process.clock, random, disk: process.disk, logger, compression: createCompression(), crc32c },
      path: PATH,
      nodeId: 1,
      settings: { ...DEFAULT_LOG_DIRECTORY_SETTINGS, ...options.settings },
    })
  }
  const directory = await open()
  const log = await directory.open('orders', 0, TOPIC_ID, config).catch((error: unknown) => {
    process.kill()
    throw error
  })
  const fixture: LogFixture = {
    disk,
    clock,
    config,
    logged: logger.events,
    directory,
    log,
    kill: () => process.kill(),
    killAfter: (changes) => process.killAfter(changes),
    async stop() {
      await fixture.directory.close()
      process.kill()
    },
    async start() {
      fixture.directory = await open()
    },
    async openLog(topicId = TOPIC_ID) {
      fixture.log = await fixture.directory.open('orders', 0, topicId, config)
      return fixture.log
    },
    async reopen() {
      await fixture.start()
      await fixture.openLog()
    },
    async crash() {
      process.kill()
      await fixture.reopen()
    },
    async restart() {
      await fixture.stop()
      await fixture.reopen()
    },
    losePower(seed) {
      process.kill()
      disk.losePower(seededRandom(seed))
    },
  }
  return fixture
}

export interface BatchOptions {
  readonly records?: number
  readonly valueBytes?: number
  readonly timestamp?: number
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly isTransactional?: boolean
  readonly key?: string
}

export function batchOf(options: BatchOptions = {}): Uint8Array {
  const { records = 1, valueBytes = 10, timestamp = 1_700_000_000_000, key, ...producer } = options
  const inputs: RecordInput[] = []
  for (let index = 0; index < records; index += 1) {
    inputs.push({
      timestamp: timestamp + index,
      key: key === undefined ? null : new TextEncoder().encode(key),
      value: new Uint8Array(valueBytes).fill(97 + (index % 26)),
    })
  }
  return buildBatch({ records: inputs, crc32c, ...producer })
}

/** The bytes that a read gives. */
export function bytesOf(log: PartitionLog, offset: number, maxBytes = 1_000_000, endOffset = log.logEndOffset): Uint8Array {
  const result = log.read({ offset, maxBytes, endOffset, atLeastOneBatch: true })
  if (result.type === 'empty') return new Uint8Array(0)
  if (result.type === 'bytes') return result.bytes
  const bytes = new Uint8Array(result.sizeBytes)
  result.file.readSync(bytes, result.position)
  result.release()
  return bytes
}

export const asLeader = (leaderEpoch: number): { readonly leaderEpoch: number; readonly origin: 'client' } => ({
  leaderEpoch,
  origin: 'client',
})
