/**
 * Who reads what is committed sees every transaction whole or not at all: those that were committed, none that was aborted, each record
 * once, and those of one producer in the order of its transactions.
 */
import type { ReadRecord } from '../workload/consuming.ts'
import type { SentTransaction, TransactionHistory } from '../workload/transactions/transaction-history.ts'

/** `found`: by partition, what a reader of committed records finds in the end. */
export function brokenTransactions(history: TransactionHistory, found: readonly (readonly ReadRecord[])[]): readonly string[] {
  return [...strangers(history, found), ...torn(history, found), ...outOfOrder(history, found)]
}

function strangers(history: TransactionHistory, found: readonly (readonly ReadRecord[])[]): readonly string[] {
  const complaints: string[] = []
  const places = new Map<string, string>()
  found.forEach((records, partition) => {
    for (const { offset, value } of records) {
      const place = `${partition}@${offset}`
      const before = places.get(value)
      places.set(value, place)
      const transaction = history.byValue(value)
      if (before !== undefined) complaints.push(`"${value}" is twice, at ${before} and ${place}`)
      if (transaction === undefined) complaints.push(`"${value}" at ${place} was sent in no transaction`)
      else if (transaction.outcome === 'aborted' || transaction.outcome === 'open') {
        complaints.push(`"${value}" at ${place} is of a transaction that was not committed (${transaction.outcome})`)
      }
    }
  })
  return complaints
}

function torn(history: TransactionHistory, found: readonly (readonly ReadRecord[])[]): readonly string[] {
  const values = found.map((records) => new Set(records.map(({ value }) => value)))
  const isThere = ({ partition, value }: SentTransaction['records'][number]): boolean => values[partition]?.has(value) === true
  return history.transactions.flatMap(({ outcome, records }) => {
    const missing = records.filter((record) => !isThere(record))
    const isWhole = missing.length === 0
    const isAbsent = missing.length === records.length
    if (outcome === 'committed' ? isWhole : isWhole || isAbsent) return []
    const names = missing.map(({ value, partition }) => `"${value}" in partition ${partition}`)
    return [`of a transaction (${outcome}) with ${records.length} records there is missing: ${names.join(', ')}`]
  })
}

function outOfOrder(history: TransactionHistory, found: readonly (readonly ReadRecord[])[]): readonly string[] {
  const complaints: string[] = []
  found.forEach((records, partition) => {
    const last = new Map<string, { readonly number: number; readonly sequence: number; readonly value: string }>()
    for (const { value } of records) {
      const transaction = history.byValue(value)
      const sequence = history.records.byValue(value)?.sequence
      if (transaction === undefined || sequence === undefined) continue
      const { producer, number } = transaction
      const before = last.get(producer)
      last.set(producer, { number, sequence, value })
      const isLater = before === undefined || number > before.number || (number === before.number && sequence > before.sequence)
      if (!isLater) complaints.push(`"${value}" comes after "${before.value}" in partition ${partition}, and was sent before it`)
    }
  })
  return complaints
}
