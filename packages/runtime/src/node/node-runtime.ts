/** All doors of a real process in one piece: what a broker, controller or client is started with. */
import { createCompression } from '../compression/compression.ts'
import type { Disk } from '../ports/disk.ts'
import type { Logger } from '../ports/logger.ts'
import type { Runtime } from '../ports/runtime.ts'
import { nodeClock } from './clock.ts'
import { crc32c } from './crc32c.ts'
import { createNodeDisk } from './disk.ts'
import { createLogger, type LoggerOptions } from './logger.ts'
import { createNodeNetwork } from './network.ts'
import { nodeRandom } from './random.ts'

export interface NodeRuntimeOptions {
  /** A logger, or how to make one; standard output at level `info` when absent. */
  readonly logger?: Logger | LoggerOptions
  /** The real disk when absent. */
  readonly disk?: Disk
}

export function createNodeRuntime(options: NodeRuntimeOptions = {}): Runtime {
  const logger = isLogger(options.logger) ? options.logger : createLogger(options.logger)
  return {
    clock: nodeClock,
    random: nodeRandom,
    disk: options.disk ?? createNodeDisk(),
    network: createNodeNetwork({ logger }),
    logger,
    compression: createCompression(),
    crc32c,
  }
}

function isLogger(logger: Logger | LoggerOptions | undefined): logger is Logger {
  return logger !== undefined && 'child' in logger
}
