/** What producers wanted with their transactions, and what they know of the end of each. */
import { History, type SentRecord } from '../history.ts'

export interface SentTransaction {
  readonly producer: string
  /** In the order of their beginning, for each producer. */
  readonly number: number
  readonly records: SentRecord[]
  /**
   * `aborted` also when nobody but this producer could have committed it, and it never asked for that. `maybe` when it did, and did not
   * hear what became of it.
   */
  outcome: 'open' | 'committed' | 'aborted' | 'maybe'
}

export class TransactionHistory {
  readonly records = new History()
  readonly #transactions: SentTransaction[] = []
  readonly #byValue = new Map<string, SentTransaction>()

  begin(producer: string, number: number): SentTransaction {
    const transaction: SentTransaction = { producer, number, records: [], outcome: 'open' }
    this.#transactions.push(transaction)
    return transaction
  }

  append(transaction: SentTransaction, partition: number, sentMs: number): SentRecord {
    const { producer, number, records } = transaction
    const sequence = records.length
    const value = `${producer}:${number}:${sequence}`
    const record = this.records.sending({ producer, isIdempotent: true, acks: 'all', partition, sequence, value, sentMs })
    records.push(record)
    this.#byValue.set(value, transaction)
    return record
  }

  get transactions(): readonly SentTransaction[] {
    return this.#transactions
  }

  /** Another producer began one since, has written in it, and did not give it up yet. */
  isFollowed(transaction: SentTransaction): boolean {
    const later = this.#transactions.slice(this.#transactions.indexOf(transaction) + 1)
    const isOther = ({ producer, outcome }: SentTransaction): boolean => producer !== transaction.producer && outcome !== 'aborted'
    return later.some((other) => isOther(other) && other.records.some(({ outcome }) => outcome === 'acknowledged'))
  }

  byValue(value: string): SentTransaction | undefined {
    return this.#byValue.get(value)
  }
}
