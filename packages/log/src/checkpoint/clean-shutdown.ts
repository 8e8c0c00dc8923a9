/**
 * `.kafka_cleanshutdown`: says that everything was flushed before the process ended. Removed as soon as the directory is in
 * use again. The broker epoch lets the controller tell which life of the broker ended cleanly; -1 when it is unknown.
 */
import { decodeAscii, encodeAscii } from '../ascii.ts'

export const CLEAN_SHUTDOWN = '.kafka_cleanshutdown'

/** The broker epoch; null when the file is damaged, which counts as no mark at all. */
export function parseCleanShutdown(bytes: Uint8Array): number | null {
  try {
    const content: unknown = JSON.parse(decodeAscii(bytes))
    if (typeof content !== 'object' || content === null) return null
    const { version, brokerEpoch } = content as { version?: unknown; brokerEpoch?: unknown }
    return version === 0 && typeof brokerEpoch === 'number' ? brokerEpoch : null
  } catch {
    return null
  }
}

export function formatCleanShutdown(brokerEpoch: number): Uint8Array {
  return encodeAscii(JSON.stringify({ version: 0, brokerEpoch }))
}
