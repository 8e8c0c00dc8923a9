/**
 * What clients did and what came of it, for the checkers. An outcome that a client cannot know (a timeout, a lost connection) is
 * *maybe*: the record may be there or not.
 */
export interface SentRecord {
  readonly producer: string
  readonly isIdempotent: boolean
  readonly acks: 'all' | 1
  readonly partition: number
  /** Of this producer, in this partition, counted from 0. */
  readonly sequence: number
  /** Says who sent it, and is unique. */
  readonly value: string
  readonly sentMs: number
  outcome: 'pending' | 'acknowledged' | 'maybe'
  /** Where it was said to be. */
  offset: number | null
}

export class History {
  readonly #sent: SentRecord[] = []
  readonly #byValue = new Map<string, SentRecord>()

  sending(record: Omit<SentRecord, 'outcome' | 'offset'>): SentRecord {
    const sent: SentRecord = { ...record, outcome: 'pending', offset: null }
    this.#sent.push(sent)
    this.#byValue.set(record.value, sent)
    return sent
  }

  get sent(): readonly SentRecord[] {
    return this.#sent
  }

  byValue(value: string): SentRecord | undefined {
    return this.#byValue.get(value)
  }
}

/** What a record's value begins with; the rest only makes it longer. */
export function idOf(value: string): string {
  const end = value.indexOf('.')
  return end < 0 ? value : value.slice(0, end)
}
