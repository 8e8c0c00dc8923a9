/**
 * DescribeTransactions (API key 65), version 0.
 *
 * How far the transactions of some transactional ids are, for people and their tools (KIP-664). Each id is answered by itself: a tool
 * asks the coordinator of each.
 */
import { describeTransactionsApi } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askTransaction } from './ask-transaction.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

export function describeTransactionsHandler(services: BrokerServices): Handler {
  return defineHandler(describeTransactionsApi, async (request, context) => {
    const { transactions } = services.coordinators
    const ids = [...new Set(request.transactionalIds)]
    const byPartition = Map.groupBy(ids, (id) => transactions.partitionOf(id))
    const described = await Promise.all(
      Array.from(byPartition, async ([partition, transactionalIds]) => {
        // Without the topic there is no coordinator, whichever id is asked for.
        const place = partition === null ? { key: '' } : { partition }
        return askTransaction(services, context, place, { api: 'DescribeTransactions', transactionalIds })
      }),
    )
    return { throttleTimeMs: 0, transactionStates: described.flatMap(({ transactionStates }) => transactionStates) }
  })
}
