/** The doors out of the process: ports, their implementations on Node, and in-memory twins. */
export type { Clock, Timer } from './ports/clock.ts'
export {
  COMPRESSION_ERROR_CODES,
  type Compression,
  CompressionError,
  type CompressionErrorCode,
  type CompressionType,
} from './ports/compression.ts'
export {
  DISK_ERROR_CODES,
  type DirectoryEntry,
  type Disk,
  DiskError,
  type DiskErrorCode,
  type DiskFile,
  type DiskLock,
  type FileStatus,
  type OpenOptions,
} from './ports/disk.ts'
export type { LogFields, Logger } from './ports/logger.ts'
export {
  type Address,
  type ConnectOptions,
  type Connection,
  type ConnectionHandlers,
  type Listener,
  type ListenOptions,
  NETWORK_ERROR_CODES,
  type Network,
  NetworkError,
  type NetworkErrorCode,
} from './ports/network.ts'
export type { Random } from './ports/random.ts'
export type { Runtime } from './ports/runtime.ts'

export { InvariantError, invariant, unreachable } from './assert.ts'
export { backoffMs, type BackoffPolicy } from './backoff.ts'
export { DeferredModule } from './deferred-module.ts'
export { createCompression } from './compression/compression.ts'
export { createMemoryDisk, type MemoryDisk, type MemoryDiskOptions } from './memory/disk.ts'
export { type KillableProcess, killableProcess } from './memory/killable-process.ts'
export type { DiskFault, FaultyOperation } from './memory/faults.ts'
export { seededRandom } from './memory/seeded-random.ts'
export { nodeClock } from './node/clock.ts'
export { crc32c } from './node/crc32c.ts'
export { createNodeDisk, type NodeDiskOptions } from './node/disk.ts'
export type { LockMethod } from './node/file-lock.ts'
export { createLogger, LOG_LEVELS, type LoggerOptions, type LogLevel, silentLogger } from './node/logger.ts'
export { createNodeNetwork, type NodeNetworkOptions } from './node/network.ts'
export { type NetworkStatistics, networkStatistics } from './node/network-statistics.ts'
export { createNodeRuntime, type NodeRuntimeOptions } from './node/node-runtime.ts'
export { nodeRandom } from './node/random.ts'
export { BufferPool, type BufferPoolOptions } from './node/buffer-pool.ts'
