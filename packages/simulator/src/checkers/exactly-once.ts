/** Who copies in transactions copies each record once: all that its group has come past, and nothing else. */
import type { ReadRecord } from '../workload/consuming.ts'

export interface Copies {
  /** By partition, what was there to copy. */
  readonly source: readonly (readonly ReadRecord[])[]
  /** By partition, what a reader of committed records finds in the topic of the copies; other groups' as well. */
  readonly found: readonly (readonly ReadRecord[])[]
  /** By partition of the source, how far the group has come. */
  readonly committed: ReadonlyMap<number, number>
  copyOf(value: string): string
}

export function miscopied({ source, found, committed, copyOf }: Copies): readonly string[] {
  const counts = new Map<string, number>()
  for (const { value } of found.flat()) counts.set(value, (counts.get(value) ?? 0) + 1)
  return source.flatMap((records, partition) => {
    const end = committed.get(partition) ?? 0
    return records.flatMap(({ offset, value }) => {
      const expected = offset < end ? 1 : 0
      const count = counts.get(copyOf(value)) ?? 0
      if (count === expected) return []
      return [`"${value}" at ${partition}@${offset} was copied ${count} times, and the group has come to ${end}`]
    })
  })
}
