/** The checker of transactions finds what it is there for, and nothing else. */
import { describe, expect, it } from 'vitest'
import { type SentTransaction, TransactionHistory } from '../workload/transactions/transaction-history.ts'
import { brokenTransactions } from './whole-transactions.ts'

/** One transaction with a record in partition 0 and one in partition 1, after another that was committed with one record in partition 0. */
function history(outcome: SentTransaction['outcome']): TransactionHistory {
  const made = new TransactionHistory()
  const first = made.begin('p', 0)
  made.append(first, 0, 1)
  first.outcome = 'committed'
  const second = made.begin('p', 1)
  made.append(second, 0, 2)
  made.append(second, 1, 3)
  second.outcome = outcome
  return made
}

const found = (...partitions: readonly (readonly string[])[]) =>
  partitions.map((values) => values.map((value, offset) => ({ offset, value })))

const ALL = found(['p:0:0', 'p:1:0'], ['p:1:1'])
const NONE = found(['p:0:0'], [])
const HALF = found(['p:0:0'], ['p:1:1'])

describe('transactions', () => {
  it.each([
    ['committed', ALL],
    ['aborted', NONE],
    ['open', NONE],
    ['maybe', ALL],
    ['maybe', NONE],
  ] as const)('that are %s and seen as such are not complained about', (outcome, records) => {
    expect(brokenTransactions(history(outcome), records)).toEqual([])
  })

  it.each([
    ['committed', NONE, 'of a transaction (committed) with 2 records there is missing: "p:1:0" in partition 0, "p:1:1" in partition 1'],
    ['committed', HALF, 'of a transaction (committed) with 2 records there is missing: "p:1:0" in partition 0'],
    ['maybe', HALF, 'of a transaction (maybe) with 2 records there is missing: "p:1:0" in partition 0'],
    ['aborted', ALL, '"p:1:0" at 0@1 is of a transaction that was not committed (aborted)'],
    ['open', HALF, '"p:1:1" at 1@0 is of a transaction that was not committed (open)'],
  ] as const)('that are %s and seen otherwise are complained about', (outcome, records, complaint) => {
    expect(brokenTransactions(history(outcome), records)).toContain(complaint)
  })

  it.each([
    ['is in the wrong partition', found(['p:0:0', 'p:1:1'], ['p:1:0']), 'there is missing: "p:1:0" in partition 0'],
    ['is there twice', found(['p:0:0', 'p:1:0', 'p:1:0'], ['p:1:1']), '"p:1:0" is twice, at 0@1 and 0@2'],
    ['comes before one of an earlier transaction', found(['p:1:0', 'p:0:0'], ['p:1:1']), '"p:0:0" comes after "p:1:0" in partition 0'],
    ['was never sent', found(['p:0:0', 'p:1:0', 'q:0:0'], ['p:1:1']), '"q:0:0" at 0@2 was sent in no transaction'],
  ] as const)('of which a record %s are complained about', (_, records, complaint) => {
    expect(brokenTransactions(history('committed'), records).join('\n')).toContain(complaint)
  })
})
