/** Every record whose delivery was reported with acks=all is there in the end, where it was said to be. */
import type { SentRecord } from '../workload/history.ts'
import type { ReadRecord } from '../workload/consuming.ts'

export function lostRecords(sent: readonly SentRecord[], found: readonly (readonly ReadRecord[])[]): readonly string[] {
  const values = found.map((records) => new Map(records.map(({ offset, value }) => [offset, value])))
  return sent
    .filter(({ outcome, acks, offset, partition, value }) => {
      return outcome === 'acknowledged' && acks === 'all' && offset !== null && values[partition]?.get(offset) !== value
    })
    .map(({ value, partition, offset }) => {
      const instead = values[partition]?.get(offset as number)
      const now = instead === undefined ? 'nothing is there' : `"${instead}" is there`
      return `"${value}" was acknowledged at ${partition}@${offset}, and ${now}`
    })
}
