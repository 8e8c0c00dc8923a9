/** The codecs, each by its name. */
import type { Compression, CompressionType } from '../ports/compression.ts'
import { compressLz4, decompressLz4 } from './lz4.ts'
import { compressSnappy, decompressSnappy } from './snappy.ts'
import { compressGzip, compressZstd, decompressGzip, decompressGzipAsync, decompressZstd, decompressZstdAsync } from './zlib-codecs.ts'

interface CodecFunctions {
  compress(bytes: Uint8Array, level?: number): Uint8Array
  decompress(bytes: Uint8Array, maxBytes: number): Uint8Array
  decompressAsync(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array>
}

const CODECS: Readonly<Record<CompressionType, CodecFunctions>> = {
  gzip: { compress: compressGzip, decompress: decompressGzip, decompressAsync: decompressGzipAsync },
  zstd: { compress: compressZstd, decompress: decompressZstd, decompressAsync: decompressZstdAsync },
  // Their blocks are decompressed on the spot: it is faster than gzip's or zstd's way to the thread pool and back.
  snappy: { compress: compressSnappy, decompress: decompressSnappy, decompressAsync: async (bytes, max) => decompressSnappy(bytes, max) },
  lz4: { compress: compressLz4, decompress: decompressLz4, decompressAsync: async (bytes, max) => decompressLz4(bytes, max) },
}

export function createCompression(): Compression {
  return {
    compress: (type, bytes, level) => CODECS[type].compress(bytes, level),
    decompress: (type, bytes, maxBytes) => CODECS[type].decompress(bytes, maxBytes),
    decompressAsync: (type, bytes, maxBytes) => CODECS[type].decompressAsync(bytes, maxBytes),
  }
}
