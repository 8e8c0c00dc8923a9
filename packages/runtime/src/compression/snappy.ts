/**
 * Snappy in its two forms: raw, as librdkafka and others send it, and in the framing of the xerial library, as Java does.
 * Written in the latter, read in both.
 *
 * xerial: 82 53 4e 41 50 50 59 00, int32 version 1, int32 compatible version 1, then blocks of int32 length and raw snappy.
 */
import { lazyModule, pureModule } from './native-module.ts'
import { corrupt, Output, tooLarge } from './output.ts'

interface NativeSnappy {
  compressSync(bytes: Uint8Array): Uint8Array
  uncompressSync(bytes: Uint8Array, options: { readonly asBuffer: true }): Uint8Array
}
interface PureSnappy {
  compress(bytes: Uint8Array): Uint8Array
  uncompress(bytes: Uint8Array, maxBytes?: number): Uint8Array
}

const nativeSnappy = lazyModule<NativeSnappy>('snappy')
const pureSnappy = pureModule<PureSnappy>('snappyjs')
const MAGIC = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]
const HEADER_BYTES = 16
const BLOCK_BYTES = 32 * 1024

export function compressSnappy(bytes: Uint8Array): Uint8Array {
  const output = new Output(bytes.length / 2 + HEADER_BYTES, Number.MAX_SAFE_INTEGER)
  output.append(new Uint8Array([...MAGIC, 0, 0, 0, 1, 0, 0, 0, 1]))
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    const plain = bytes.subarray(start, start + BLOCK_BYTES)
    const block = nativeSnappy()?.compressSync(plain) ?? pureSnappy().compress(plain)
    const length = new Uint8Array(4)
    new DataView(length.buffer).setInt32(0, block.length)
    output.append(length)
    output.append(block)
  }
  return output.finished()
}

export function decompressSnappy(bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (!MAGIC.every((byte, index) => bytes[index] === byte)) return decompressRaw(bytes, maxBytes)
  if (bytes.length < HEADER_BYTES) throw corrupt('snappy data ends within its header')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const output = new Output(Math.min(bytes.length * 4, maxBytes), maxBytes)
  for (let at = HEADER_BYTES; at < bytes.length; ) {
    if (at + 4 > bytes.length) throw corrupt('snappy data ends within a block length')
    const length = view.getInt32(at)
    at += 4
    if (length < 0 || length > bytes.length - at) throw corrupt(`snappy block of ${length} bytes, ${bytes.length - at} left`)
    output.append(decompressRaw(bytes.subarray(at, at + length), maxBytes - output.length))
    at += length
  }
  return output.finished()
}

/** The most that one byte of snappy can stand for: a copy of 64 bytes takes three. */
const MAX_EXPANSION = 64

function decompressRaw(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const stated = statedLength(bytes)
  if (stated > maxBytes) throw tooLarge(maxBytes)
  if (stated > bytes.length * MAX_EXPANSION) throw corrupt(`snappy data of ${bytes.length} bytes claims to hold ${stated}`)
  try {
    return nativeSnappy()?.uncompressSync(bytes, { asBuffer: true }) ?? pureSnappy().uncompress(bytes, maxBytes)
  } catch (error) {
    throw corrupt('snappy data is corrupt', error)
  }
}

/** Raw snappy begins with its uncompressed length as a varint. */
function statedLength(bytes: Uint8Array): number {
  let length = 0
  for (let index = 0; index < 5; index += 1) {
    const byte = bytes[index]
    if (byte === undefined) break
    length += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return length
  }
  throw corrupt('snappy data without a length')
}
