/**
 * What producers were told, held against what the partitions hold in the end.
 *
 * A record is `writer number`. A writer numbers its records from 0 on, and sends those of one partition in that order. So a
 * partition is right when the numbers of each writer only rise in it (none doubled, none out of order), and every record that was
 * acknowledged lies where the acknowledgement said. A record whose producer gave up may be there or not.
 */

export interface Place {
  readonly topic: string
  readonly partition: number
}

export interface Verdict {
  readonly acknowledged: number
  readonly read: number
  /** Sent, and neither acknowledged nor expected to be there. */
  readonly unanswered: number
  /** Acknowledged, and not where they should be. */
  readonly lost: number
  readonly doubled: number
  readonly reordered: number
  /** The first few that are wrong, in words. */
  readonly examples: readonly string[]
}

const EXAMPLES_MAX = 10

export class Ledger {
  /** By partition: the offset of each acknowledged record, by `writer number`. */
  readonly #acknowledged = new Map<string, Map<string, number>>()
  #acknowledgedCount = 0
  #unanswered = 0

  get acknowledgedCount(): number {
    return this.#acknowledgedCount
  }

  acknowledge(place: Place, record: string, offset: number): void {
    const key = keyOf(place)
    let records = this.#acknowledged.get(key)
    if (records === undefined) this.#acknowledged.set(key, (records = new Map()))
    records.set(record, offset)
    this.#acknowledgedCount += 1
  }

  giveUp(): void {
    this.#unanswered += 1
  }

  /** `stored` gives every record of every partition, those of one partition in the order of their offsets. */
  async judge(stored: AsyncIterable<Place & { readonly offset: number; readonly record: string }>): Promise<Verdict> {
    const lastNumbers = new Map<string, number>()
    const examples: string[] = []
    const complain = (text: string): void => {
      if (examples.length < EXAMPLES_MAX) examples.push(text)
    }
    let [read, found, doubled, reordered] = [0, 0, 0, 0]
    for await (const { topic, partition, offset, record } of stored) {
      read += 1
      const key = keyOf({ topic, partition })
      const [writer, number] = record.split(' ') as [string, string]
      const last = lastNumbers.get(`${key} ${writer}`) ?? -1
      if (Number(number) === last) {
        doubled += 1
        complain(`${key}: record ${record} is there twice, again at offset ${offset}`)
      } else if (Number(number) < last) {
        reordered += 1
        complain(`${key}: record ${record} at offset ${offset} comes after number ${last} of the same writer`)
      }
      lastNumbers.set(`${key} ${writer}`, Math.max(last, Number(number)))
      if (this.#acknowledged.get(key)?.get(record) === offset) found += 1
    }
    const lost = this.#acknowledgedCount - found
    if (lost > 0) complain(`${lost} acknowledged records are not at their offsets`)
    return { acknowledged: this.#acknowledgedCount, read, unanswered: this.#unanswered, lost, doubled, reordered, examples }
  }
}

export function isRight({ lost, doubled, reordered }: Verdict): boolean {
  return lost === 0 && doubled === 0 && reordered === 0
}

function keyOf({ topic, partition }: Place): string {
  return `${topic}-${partition}`
}
