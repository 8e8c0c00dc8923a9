/** What an idempotent producer sent is there at most once, and in the order in which it was sent. */
import type { History } from '../workload/history.ts'
import type { ReadRecord } from '../workload/consuming.ts'

export function duplicatesAndReorderings(history: History, found: readonly (readonly ReadRecord[])[]): readonly string[] {
  const complaints: string[] = []
  found.forEach((records, partition) => {
    const offsets = new Map<string, number>()
    /** By producer: the last that was acknowledged. */
    const last = new Map<string, { readonly sequence: number; readonly value: string }>()
    for (const { offset, value } of records) {
      const sent = history.byValue(value)
      if (sent?.isIdempotent !== true) continue
      const before = offsets.get(value)
      if (before !== undefined) complaints.push(`"${value}" is twice in partition ${partition}, at ${before} and ${offset}`)
      offsets.set(value, offset)
      if (sent.outcome !== 'acknowledged') continue
      const previous = last.get(sent.producer)
      if (previous !== undefined && previous.sequence > sent.sequence) {
        complaints.push(`"${value}" at ${partition}@${offset} comes after "${previous.value}", and was sent before it`)
      }
      last.set(sent.producer, sent)
    }
  })
  return complaints
}
