/**
 * The four codecs of record batches, in every framing that clients use (gzip members, raw and xerial snappy, LZ4 frames,
 * zstd frames). Each failure is a `CompressionError`; no input makes more than `maxBytes` of output, whatever it claims.
 */
export type CompressionType = 'gzip' | 'snappy' | 'lz4' | 'zstd'

export interface Compression {
  /** `level` is the codec's own; absent means Kafka's default. Snappy is written in the xerial framing, as Java does. */
  compress(type: CompressionType, bytes: Uint8Array, level?: number): Uint8Array
  decompress(type: CompressionType, bytes: Uint8Array, maxBytes: number): Uint8Array
  /** The same off the event loop where the codec can, for large inputs. */
  decompressAsync(type: CompressionType, bytes: Uint8Array, maxBytes: number): Promise<Uint8Array>
}

export const COMPRESSION_ERROR_CODES = {
  corrupt: 'ERR_COMPRESSION_CORRUPT',
  tooLarge: 'ERR_COMPRESSION_TOO_LARGE',
} as const

export type CompressionErrorCode = (typeof COMPRESSION_ERROR_CODES)[keyof typeof COMPRESSION_ERROR_CODES]

export class CompressionError extends Error {
  readonly code: CompressionErrorCode

  constructor(code: CompressionErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'CompressionError'
    this.code = code
  }
}
