/**
 * CRC-32C by whichever way is faster: tables for short inputs, native code for the rest, tables for all where the native
 * package cannot be loaded.
 */
import { crc32cByTables } from '@millrace/protocol'
import { lazyModule } from '../compression/native-module.ts'

/** Below it a call into native code costs more than it saves. */
const NATIVE_FROM_BYTES = 200

const native = lazyModule<{ crc32c(bytes: Uint8Array, previous?: number): number }>('@node-rs/crc32')

/** `previous` is the crc of the bytes before these. */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  if (bytes.length < NATIVE_FROM_BYTES) return crc32cByTables(bytes, previous)
  return native()?.crc32c(bytes, previous) ?? crc32cByTables(bytes, previous)
}
