/**
 * LZ4 blocks. Reading is done here, with every length and distance checked, as fast as the native package's; writing is the
 * native package's, or `lz4js`'s where that cannot be loaded. Of `lz4js` only the block functions are used: its frames have
 * dependent blocks, which Kafka refuses.
 */
import { lazyModule, pureModule } from './native-module.ts'
import { corrupt } from './output.ts'
import type { Output } from './output.ts'

interface NativeLz4 {
  /** A block with its uncompressed size, four bytes, in front. */
  compressSync(bytes: Uint8Array): Uint8Array
}
interface PureLz4 {
  compressBlock(source: Uint8Array, target: Uint8Array, start: number, length: number, table: Uint32Array): number
}

const nativeLz4 = lazyModule<NativeLz4>('lz4-napi')
const pureLz4 = pureModule<PureLz4>('lz4js')
const SIZE_BYTES = 4
const HASH_TABLE_ENTRIES = 65_536
const MIN_MATCH = 4

/** The compressed block, or null when it would not be smaller than what it is made of. */
export function compressLz4Block(bytes: Uint8Array): Uint8Array | null {
  const native = nativeLz4()
  const block = native === null ? compressByPureLz4(bytes) : native.compressSync(bytes).subarray(SIZE_BYTES)
  return block === null || block.length >= bytes.length ? null : block
}

export function compressByPureLz4(bytes: Uint8Array): Uint8Array | null {
  const target = new Uint8Array(bytes.length + Math.ceil(bytes.length / 255) + 16)
  const length = pureLz4().compressBlock(bytes, target, 0, bytes.length, new Uint32Array(HASH_TABLE_ENTRIES))
  return length === 0 ? null : target.subarray(0, length)
}

/** Appends what the block holds, at most `maxBytes`. Distances reach back no further than this block. */
export function decompressLz4Block(block: Uint8Array, output: Output, maxBytes: number): void {
  const first = output.length
  const limit = first + maxBytes
  let at = 0
  for (;;) {
    if (at >= block.length) throw corrupt('LZ4 block ends within a sequence')
    const token = block[at++] as number
    let literals = token >>> 4
    if (literals === 15) {
      let byte: number
      do {
        if (at >= block.length) throw corrupt('LZ4 block ends within a length')
        byte = block[at++] as number
        literals += byte
      } while (byte === 255)
    }
    if (literals > block.length - at) throw corrupt('LZ4 block ends within its literals')
    if (output.length + literals > limit) throw corrupt('LZ4 block is larger than its frame allows')
    output.reserve(literals)
    if (literals <= 16) for (let index = 0; index < literals; index += 1) output.bytes[output.length + index] = block[at + index] as number
    else output.bytes.set(block.subarray(at, at + literals), output.length)
    output.length += literals
    at += literals
    if (at === block.length) return
    if (at + 2 > block.length) throw corrupt('LZ4 block ends within a distance')
    const distance = (block[at] as number) | ((block[at + 1] as number) << 8)
    at += 2
    if (distance === 0 || distance > output.length - first) throw corrupt('LZ4 block refers to what is not there')
    let length = (token & 15) + MIN_MATCH
    if (length === 15 + MIN_MATCH) {
      let byte: number
      do {
        if (at >= block.length) throw corrupt('LZ4 block ends within a length')
        byte = block[at++] as number
        length += byte
      } while (byte === 255)
    }
    if (output.length + length > limit) throw corrupt('LZ4 block is larger than its frame allows')
    output.reserve(length)
    const bytes = output.bytes
    const to = output.length
    const from = to - distance
    if (distance >= length && length > 32) bytes.copyWithin(to, from, from + length)
    else for (let index = 0; index < length; index += 1) bytes[to + index] = bytes[from + index] as number
    output.length += length
  }
}
