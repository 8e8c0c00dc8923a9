/** The doors out of the process, handed together to whatever needs them. Nothing else reaches time, chance, disk or network. */
import type { Compression } from './compression.ts'
import type { Clock } from './clock.ts'
import type { Disk } from './disk.ts'
import type { Logger } from './logger.ts'
import type { Network } from './network.ts'
import type { Random } from './random.ts'

export interface Runtime {
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
  readonly network: Network
  readonly logger: Logger
  readonly compression: Compression
  /** CRC-32C (Castagnoli) of `bytes`, as an unsigned 32-bit integer; `previous` is that of the bytes before them. */
  readonly crc32c: (bytes: Uint8Array, previous?: number) => number
}
