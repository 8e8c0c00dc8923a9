/**
 * Asks the coordinators of transactions on behalf of a client, for the handlers of their APIs. Where there is no coordinator to ask,
 * the answer is that, in the words that the request's version knows.
 */
import type { TransactionRequest, TransactionResponse } from '@millrace/coordinator'
import type { BrokerServices } from '../broker-services.ts'
import { COORDINATOR } from '../coordinator/coordinator-module.ts'
import type { Place } from '../coordinator/hosted-coordinators.ts'
import type { RequestContext } from './handler.ts'

type Api = TransactionRequest['api']
type RequestOf<A extends Api> = Extract<TransactionRequest, { readonly api: A }>
type ResponseOf<A extends Api> = Extract<TransactionResponse, { readonly api: A }>

/** Those that change nothing, and are answered while too few replicas are in sync. */
const READS: ReadonlySet<Api> = new Set<Api>(['DescribeTransactions', 'ListTransactions'])

export async function askTransaction<A extends Api>(
  { coordinators }: Pick<BrokerServices, 'coordinators'>,
  { apiVersion, connectionId }: Pick<RequestContext<never>, 'apiVersion' | 'connectionId'>,
  place: Place,
  request: RequestOf<A>,
): Promise<ResponseOf<A>> {
  const answer = await coordinators.transactions.ask(place, {
    connectionId,
    mayWrite: !READS.has(request.api),
    toEvent: (token, time) => ({ type: 'request', token, ...time, apiVersion, request }),
  })
  if (answer.type === 'answered') return answer.response as ResponseOf<A>
  const { answerWithCode } = await COORDINATOR.load()
  return answerWithCode(request, apiVersion, answer.errorCode) as ResponseOf<A>
}
