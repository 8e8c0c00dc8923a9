/** gzip and zstd, which Node brings along; large inputs are decompressed on its thread pool. */
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import { corrupt, tooLarge } from './output.ts'

const gunzipAsync = promisify<Uint8Array, zlib.ZlibOptions, Uint8Array>(zlib.gunzip)
const zstdDecompressAsync = promisify<Uint8Array, zlib.ZstdOptions, Uint8Array>(zlib.zstdDecompress)
const ZSTD_DEFAULT_LEVEL = 3

export function compressGzip(bytes: Uint8Array, level = zlib.constants.Z_DEFAULT_COMPRESSION): Uint8Array {
  return zlib.gzipSync(bytes, { level })
}

export function compressZstd(bytes: Uint8Array, level = ZSTD_DEFAULT_LEVEL): Uint8Array {
  return zlib.zstdCompressSync(bytes, { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } })
}

export function decompressGzip(bytes: Uint8Array, maxBytes: number): Uint8Array {
  return bounded('gzip', maxBytes, () => zlib.gunzipSync(bytes, { maxOutputLength: maxBytes }))
}

export function decompressZstd(bytes: Uint8Array, maxBytes: number): Uint8Array {
  return bounded('zstd', maxBytes, () => zlib.zstdDecompressSync(bytes, { maxOutputLength: maxBytes }))
}

export function decompressGzipAsync(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  return gunzipAsync(bytes, { maxOutputLength: maxBytes }).catch((error: unknown) => {
    throw typed('gzip', maxBytes, error)
  })
}

export function decompressZstdAsync(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  return zstdDecompressAsync(bytes, { maxOutputLength: maxBytes }).catch((error: unknown) => {
    throw typed('zstd', maxBytes, error)
  })
}

function bounded(codec: string, maxBytes: number, decompress: () => Uint8Array): Uint8Array {
  try {
    return decompress()
  } catch (error) {
    throw typed(codec, maxBytes, error)
  }
}

function typed(codec: string, maxBytes: number, error: unknown): Error {
  const code = (error as { readonly code?: unknown }).code
  return code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(maxBytes) : corrupt(`${codec} data is corrupt`, error)
}
