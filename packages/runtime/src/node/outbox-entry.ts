/** What waits in an outbox: bytes in memory, or a range of a file. */
import type { DiskFile } from '../ports/disk.ts'
import { NETWORK_ERROR_CODES, NetworkError } from '../ports/network.ts'

/** One call of `write` or `writeFile`. */
export interface Entry {
  /** Bytes that have not left. Invariant: `bufferedBytes` is the sum over all entries. */
  restBytes: number
  readonly onSent: (() => void) | undefined
  /** What to send when it is in memory. A small range gets here as a copy. */
  chunks: readonly Uint8Array[] | undefined
  /** What `chunks` must be given back to, if anything: a buffer of the pool. */
  pooled: Uint8Array | undefined
  readonly file: DiskFile | undefined
  /** In the file, of the first byte that has not left. */
  position: number
}

export type Range = Entry & { readonly file: DiskFile; chunks: undefined }

export function isRange(entry: Entry): entry is Range {
  return entry.chunks === undefined && entry.file !== undefined
}

export function endedEarly({ file, position, restBytes }: Entry & { readonly file: DiskFile }): NetworkError {
  return new NetworkError(
    NETWORK_ERROR_CODES.failed,
    `cannot send ${file.path}: it ends before the ${restBytes} bytes at position ${position}`,
  )
}
