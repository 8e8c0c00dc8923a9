/**
 * LZ4 frames as Kafka writes and reads them.
 *
 * Written: version 1, independent blocks of 64 KiB, no checksums but that of the descriptor, no content size. Read: the
 * descriptor's checksum is verified, block checksums too; content size and content checksum are passed over; dependent
 * blocks and reserved bits are refused; what follows the first frame is ignored.
 */
import { compressLz4Block, decompressLz4Block } from './lz4-block.ts'
import { corrupt, Output } from './output.ts'
import { xxh32 } from './xxh32.ts'

const MAGIC = 0x184d2204
const FLAG_VERSION_MASK = 0xc0
const FLAG_VERSION = 0x40
const FLAG_INDEPENDENT = 0x20
const FLAG_BLOCK_CHECKSUM = 0x10
const FLAG_CONTENT_SIZE = 0x08
const FLAG_RESERVED = 0x03
const BLOCK_BYTES = 64 * 1024
const BLOCK_CODE_64K = 4
const STORED_BIT = 0x8000_0000

export function compressLz4(bytes: Uint8Array): Uint8Array {
  const output = new Output(bytes.length / 2 + 64, Number.MAX_SAFE_INTEGER)
  const descriptor = new Uint8Array([FLAG_VERSION | FLAG_INDEPENDENT, BLOCK_CODE_64K << 4])
  output.append(littleEndian(MAGIC))
  output.append(descriptor)
  output.append(new Uint8Array([(xxh32(descriptor) >>> 8) & 0xff]))
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    const plain = bytes.subarray(start, start + BLOCK_BYTES)
    const block = compressLz4Block(plain)
    output.append(littleEndian(block === null ? (plain.length | STORED_BIT) >>> 0 : block.length))
    output.append(block ?? plain)
  }
  output.append(littleEndian(0))
  return output.finished()
}

export function decompressLz4(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 7 || view.getUint32(0, true) !== MAGIC) throw corrupt('not an LZ4 frame')
  const flags = view.getUint8(4)
  const blockCode = view.getUint8(5)
  if ((flags & FLAG_VERSION_MASK) !== FLAG_VERSION) throw corrupt('LZ4 frame of an unknown version')
  if ((flags & FLAG_RESERVED) !== 0 || (blockCode & 0x8f) !== 0) throw corrupt('LZ4 frame with reserved bits set')
  if ((flags & FLAG_INDEPENDENT) === 0) throw corrupt('LZ4 frame with dependent blocks')
  const sizeCode = blockCode >>> 4
  if (sizeCode < 4 || sizeCode > 7) throw corrupt('LZ4 frame with an unknown block size')
  const blockBytes = 1 << (8 + 2 * sizeCode)
  const descriptorEnd = 6 + ((flags & FLAG_CONTENT_SIZE) === 0 ? 0 : 8)
  if (bytes.length <= descriptorEnd) throw corrupt('LZ4 frame ends within its descriptor')
  if (((xxh32(bytes.subarray(4, descriptorEnd)) >>> 8) & 0xff) !== bytes[descriptorEnd]) {
    throw corrupt('LZ4 frame whose descriptor does not match its checksum')
  }
  const hasChecksums = (flags & FLAG_BLOCK_CHECKSUM) !== 0
  const output = new Output(Math.min(bytes.length * 4, blockBytes * 4), maxBytes)
  let at = descriptorEnd + 1
  for (;;) {
    if (at + 4 > bytes.length) throw corrupt('LZ4 frame ends without an end mark')
    const size = view.getUint32(at, true)
    at += 4
    if (size === 0) return output.finished()
    const length = size & 0x7fff_ffff
    if (length > blockBytes) throw corrupt('LZ4 block is larger than its frame allows')
    if (at + length + (hasChecksums ? 4 : 0) > bytes.length) throw corrupt('LZ4 frame ends within a block')
    const block = bytes.subarray(at, at + length)
    at += length
    if (hasChecksums) {
      if (view.getUint32(at, true) !== xxh32(block)) throw corrupt('LZ4 block does not match its checksum')
      at += 4
    }
    if (size >= STORED_BIT) output.append(block)
    else decompressLz4Block(block, output, blockBytes)
  }
}

function littleEndian(value: number): Uint8Array {
  return new Uint8Array([value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24])
}
