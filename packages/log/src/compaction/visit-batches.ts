/** The batches of a segment, whole and checked, for those who do not trust what they copy. */
import { batchBaseOffset, RecordError } from '@millrace/protocol'
import { CompressionError } from '@millrace/runtime'
import { BatchScanner } from '../batch-scanner.ts'
import { LogCorruptError } from '../errors.ts'
import type { LogEnvironment } from '../log-environment.ts'
import type { Segment } from '../segment.ts'
import type { Turns } from './turns.ts'

/**
 * Calls `visit` with each batch of the segment from a position on, until it returns false. The bytes are good until it is done.
 * Rejects with a `LogCorruptError` where a batch is damaged, also within its records, and with a `DiskError`.
 */
export async function visitBatches(
  environment: LogEnvironment,
  segment: Segment,
  from: number,
  turns: Turns,
  visit: (batch: Uint8Array) => Promise<boolean>,
): Promise<void> {
  const { file, release } = segment.log.hold()
  try {
    const { crc32c } = environment
    const scanner = new BatchScanner({ file, from, to: segment.sizeBytes, isWhole: true, minOffset: segment.baseOffset, crc32c })
    for (let next = scanner.next(); typeof next === 'boolean' ? next : await next; next = scanner.next()) {
      const { bytes, at, sizeInBytes, position } = scanner
      const batch = bytes.subarray(at, at + sizeInBytes)
      try {
        if (!(await visit(batch))) return
      } catch (error) {
        if (!(error instanceof RecordError || error instanceof CompressionError)) throw error
        throw new LogCorruptError(segment.log.path, position, `the batch at offset ${batchBaseOffset(batch, 0)}: ${error.message}`)
      }
      turns.worked(sizeInBytes)
      const pause = turns.next()
      if (pause !== null) await pause
    }
    if (scanner.damage !== null) throw new LogCorruptError(segment.log.path, scanner.endPosition, scanner.damage)
  } finally {
    release()
  }
}
