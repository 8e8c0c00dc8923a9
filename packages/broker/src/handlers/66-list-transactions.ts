/**
 * ListTransactions (API key 66), versions 0-2.
 *
 * The transactional ids that this broker coordinates, with their states, for people and their tools (KIP-664): all, or those that pass
 * every filter. A tool asks every broker. While one of the coordinators here is still loading there is no answer that would be true.
 *
 * Version notes: 1 (KIP-994) filters by how long a transaction runs; 2 (KIP-1152) by a regular expression that the whole id has to match,
 * in the syntax of RE2.
 */
import { compileTopicExpression, ExpressionError } from '@millrace/coordinator'
import { ERROR_CODES, listTransactionsApi } from '@millrace/protocol'
import type { Encodable, ErrorCode, listTransactionsResponse } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askTransaction } from './ask-transaction.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

type Response = Encodable<typeof listTransactionsResponse>
type Listed = Response['transactionStates'][number]

export function listTransactionsHandler(services: BrokerServices): Handler {
  return defineHandler(listTransactionsApi, async (request, context) => {
    const { stateFilters, producerIdFilters, durationFilter, transactionalIdPattern } = request
    const isMatch = matcherOf(transactionalIdPattern)
    if (isMatch === null) return failed(ERROR_CODES.INVALID_REGULAR_EXPRESSION)
    // The expression is matched here, where its effort is bounded for all ids together.
    const asked = { api: 'ListTransactions', stateFilters, producerIdFilters, durationMs: durationFilter } as const
    const { transactions } = services.coordinators
    const answers = await Promise.all(transactions.led().map((partition) => askTransaction(services, context, { partition }, asked)))
    const listed: Listed[] = []
    for (const { errorCode, transactionStates } of answers) {
      // One that was here when it was asked and is elsewhere now is listed there.
      if (errorCode === ERROR_CODES.NOT_COORDINATOR) continue
      if (errorCode !== ERROR_CODES.NONE) return failed(errorCode)
      listed.push(...transactionStates)
    }
    const matching = isMatch(listed)
    if (matching === null) return failed(ERROR_CODES.INVALID_REGULAR_EXPRESSION)
    const unknownStateFilters = [...new Set(answers.flatMap((answer) => answer.unknownStateFilters))]
    return { throttleTimeMs: 0, errorCode: ERROR_CODES.NONE, unknownStateFilters, transactionStates: matching }
  })
}

type Matcher = (listed: readonly Listed[]) => readonly Listed[] | null

/** Null for an expression that is none; its matcher gives null when it takes too long. */
function matcherOf(pattern: string | null): Matcher | null {
  if (pattern === null || pattern === '') return (listed) => listed
  try {
    const expression = compileTopicExpression(pattern)
    return (listed) => {
      const matching = expression.matching(listed.map(({ transactionalId }) => transactionalId))
      if (matching === null) return null
      const ids = new Set(matching)
      return listed.filter(({ transactionalId }) => ids.has(transactionalId))
    }
  } catch (error) {
    if (error instanceof ExpressionError) return null
    throw error
  }
}

function failed(errorCode: ErrorCode): Response {
  return { throttleTimeMs: 0, errorCode, unknownStateFilters: [], transactionStates: [] }
}
