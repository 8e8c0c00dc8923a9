/**
 * Decides whether a produced batch is taken, and as which bytes: as it came, or written anew where the topic keeps another
 * codec or the batch's header does not say what its records do.
 *
 * A batch without a codec, and a small compressed one, is decided at once. A large compressed one has to be decompressed to be
 * looked at, which would stop the loop for milliseconds; for that `check` answers `later` and `checkCompressed` does it. What
 * waits for that is bounded: when it is too much, the loop is stopped after all.
 */
import { batchCodec, checkBatch, checkRecords, ERROR_CODES, rebuildBatch, recordBytes } from '@millrace/protocol'
import type { Codec, ErrorCode } from '@millrace/protocol'
import type { TopicConfig } from '@millrace/metadata'
import { CompressionError } from '@millrace/runtime'
import type { Clock, Compression } from '@millrace/runtime'
import { Turnstile } from './turnstile.ts'

/** Compressed records up to this size are decompressed on the spot, if they become no larger than that. */
const INLINE_COMPRESSED_BYTES = 32 * 1024
const INLINE_DECOMPRESSED_BYTES = 1024 * 1024
/** Large batches that are decompressed at one time, and bytes of those that wait for it. */
const ASIDE_AT_ONCE = 2
const ASIDE_BYTES = 64 * 1024 * 1024
/** No batch may become larger than this, whatever it claims to be. */
const MAX_DECOMPRESSED_BYTES = 128 * 1024 * 1024
const FIRST_ZSTD_VERSION = 7

export interface BatchProblem {
  readonly errorCode: ErrorCode
  readonly message: string
  readonly recordErrors: readonly { readonly batchIndex: number; readonly batchIndexErrorMessage: string }[]
}

export type BatchCheck =
  | { readonly type: 'valid'; readonly batch: Uint8Array }
  | { readonly type: 'later'; readonly batch: Uint8Array }
  | { readonly type: 'invalid'; readonly problem: BatchProblem }

export interface BatchValidatorOptions {
  readonly clock: Clock
  readonly compression: Compression
  readonly crc32c: (bytes: Uint8Array) => number
}

export class BatchValidator {
  readonly #options: BatchValidatorOptions
  readonly #aside = new Turnstile(ASIDE_AT_ONCE)
  /** Of batches that are being checked by `checkCompressed`. */
  #asideBytes = 0

  constructor(options: BatchValidatorOptions) {
    this.#options = options
  }

  check(records: Uint8Array | null, config: TopicConfig, produceVersion: number): BatchCheck {
    if (records === null || records.length === 0) return invalid(ERROR_CODES.INVALID_RECORD, 'no record batch was sent')
    const rules = { maxBytes: config.maxMessageBytes, isZstdAllowed: produceVersion >= FIRST_ZSTD_VERSION }
    const refusal = checkBatch(records, rules, this.#options.crc32c)
    if (refusal !== null) return { type: 'invalid', problem: { ...refusal, recordErrors: [] } }
    const codec = batchCodec(records, 0) as Codec
    if (codec === 'none') return this.#checkRecords(records, recordBytes(records, 0), codec, config)
    const mayWait = this.#asideBytes + records.length <= ASIDE_BYTES
    if (mayWait && records.length > INLINE_COMPRESSED_BYTES) return { type: 'later', batch: records }
    let uncompressed: Uint8Array
    try {
      const maxBytes = mayWait ? INLINE_DECOMPRESSED_BYTES : MAX_DECOMPRESSED_BYTES
      uncompressed = this.#options.compression.decompress(codec, recordBytes(records, 0), maxBytes)
    } catch (error) {
      const problem = compressionProblem(error)
      const isForLater = mayWait && problem.errorCode === ERROR_CODES.MESSAGE_TOO_LARGE
      return isForLater ? { type: 'later', batch: records } : { type: 'invalid', problem }
    }
    return this.#checkRecords(records, uncompressed, codec, config)
  }

  /** The bytes to append, or the problem. `batch` passed `check` and belongs to the caller. */
  async checkCompressed(batch: Uint8Array, config: TopicConfig): Promise<Uint8Array | BatchProblem> {
    this.#asideBytes += batch.length
    try {
      return await this.#aside.pass(() => this.#decompressAndCheck(batch, config))
    } finally {
      this.#asideBytes -= batch.length
    }
  }

  async #decompressAndCheck(batch: Uint8Array, config: TopicConfig): Promise<Uint8Array | BatchProblem> {
    const codec = batchCodec(batch, 0) as Exclude<Codec, 'none'>
    let uncompressed: Uint8Array
    try {
      uncompressed = await this.#options.compression.decompressAsync(codec, recordBytes(batch, 0), MAX_DECOMPRESSED_BYTES)
    } catch (error) {
      return compressionProblem(error)
    }
    const check = this.#checkRecords(batch, uncompressed, codec, config)
    return check.type === 'invalid' ? check.problem : check.batch
  }

  #checkRecords(batch: Uint8Array, records: Uint8Array, codec: Codec, config: TopicConfig): BatchCheck {
    const now = this.#options.clock.now()
    const check = checkRecords(batch, records, {
      isCompacted: config.cleanupPolicy.compact,
      usesLogAppendTime: config.messageTimestampType === 'LogAppendTime',
      earliestTimestamp: now - config.messageTimestampBeforeMaxMs,
      latestTimestamp: now + config.messageTimestampAfterMaxMs,
    })
    if (check.type === 'refused') return { type: 'invalid', problem: check.refusal }
    const wanted = wantedCodec(config, codec)
    if (wanted === codec && !check.needsRebuild) return { type: 'valid', batch }
    const rebuilt = rebuildBatch(batch, records, {
      codec: wanted,
      compress: (type, bytes) => this.#options.compression.compress(type, bytes, levelOf(config, type)),
      crc32c: this.#options.crc32c,
    })
    if (rebuilt.length > config.maxMessageBytes) {
      const limit = `max.message.bytes (${config.maxMessageBytes})`
      const message = `record batch has ${rebuilt.length} bytes in the topic's codec, more than ${limit}`
      return invalid(ERROR_CODES.MESSAGE_TOO_LARGE, message)
    }
    return { type: 'valid', batch: rebuilt }
  }
}

function wantedCodec(config: TopicConfig, given: Codec): Codec {
  if (config.compressionType === 'producer') return given
  return config.compressionType === 'uncompressed' ? 'none' : config.compressionType
}

function levelOf(config: TopicConfig, codec: Exclude<Codec, 'none'>): number | undefined {
  if (codec === 'gzip') return config.compressionGzipLevel
  if (codec === 'lz4') return config.compressionLz4Level
  return codec === 'zstd' ? config.compressionZstdLevel : undefined
}

function invalid(errorCode: ErrorCode, message: string): BatchCheck {
  return { type: 'invalid', problem: { errorCode, message, recordErrors: [] } }
}

function compressionProblem(error: unknown): BatchProblem {
  if (!(error instanceof CompressionError)) throw error
  const isTooLarge = error.code === 'ERR_COMPRESSION_TOO_LARGE'
  // The crc fits, so this is what the producer made of its records: sending it again would not help.
  const errorCode = isTooLarge ? ERROR_CODES.MESSAGE_TOO_LARGE : ERROR_CODES.INVALID_RECORD
  return { errorCode, message: error.message, recordErrors: [] }
}
