/**
 * AddPartitionsToTxn (API key 24), versions 0-5.
 *
 * Puts partitions into a producer's transaction before it writes to them, or says whether they are in it. The partitions of a
 * transaction go in together or not at all.
 *
 * Version notes: 0-3 are what producers ask, about one transaction. 4 and 5 (KIP-890) are what brokers ask before they append, about
 * many; whoever asks, each transaction is answered by itself. 2 knows PRODUCER_FENCED.
 */
import { addPartitionsToTxnApi, ERROR_CODES } from '@millrace/protocol'
import type { addPartitionsToTxnResponse, Encodable } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { COORDINATOR } from '../coordinator/coordinator-module.ts'
import type { PartitionsToAdd } from '../transactions/transaction-services.ts'
import { defineHandler, LATER, type RequestContext } from './handler.ts'
import type { Handler } from './handler.ts'

type Response = Encodable<typeof addPartitionsToTxnResponse>
type TopicResults = NonNullable<Response['resultsByTopicV3AndBelow']>

const FIRST_BATCH_VERSION = 4
const NOTHING = { throttleTimeMs: 0, errorCode: ERROR_CODES.NONE, resultsByTransaction: [], resultsByTopicV3AndBelow: [] } as const

export function addPartitionsToTxnHandler(services: BrokerServices): Handler {
  return defineHandler(addPartitionsToTxnApi, (request, context) => {
    if (context.apiVersion < FIRST_BATCH_VERSION) {
      const transaction = {
        transactionalId: request.v3AndBelowTransactionalId,
        producerId: request.v3AndBelowProducerId,
        producerEpoch: request.v3AndBelowProducerEpoch,
        verifyOnly: false,
        topics: request.v3AndBelowTopics.map(({ name, partitions }) => ({ topic: name, partitions })),
      }
      return add(transaction, context).then((resultsByTopicV3AndBelow) => ({ ...NOTHING, resultsByTopicV3AndBelow }))
    }
    const results = request.transactions.map(async ({ topics, ...transaction }) => {
      const asked = { ...transaction, topics: topics.map(({ name, partitions }) => ({ topic: name, partitions })) }
      return { transactionalId: transaction.transactionalId, topicResults: await add(asked, context) }
    })
    // Other producers wait for what comes behind it on this connection.
    context.releaseOrder()
    Promise.all(results).then(
      (resultsByTransaction) => context.respond({ ...NOTHING, resultsByTransaction }),
      (error: unknown) => {
        services.logger.error('transactions could not be asked about', { error })
        context.close('internal error')
      },
    )
    return LATER
  })

  async function add(
    asked: PartitionsToAdd,
    { apiVersion, connectionId }: Pick<RequestContext<never>, 'apiVersion' | 'connectionId'>,
  ): Promise<TopicResults> {
    const results = await services.transactions.addPartitions(asked, apiVersion, connectionId)
    if (typeof results !== 'number') return results
    const { answerWithCode } = await COORDINATOR.load()
    const answer = answerWithCode({ api: 'AddPartitionsToTxn', ...asked }, apiVersion, results)
    return answer.api === 'AddPartitionsToTxn' ? answer.topicResults : []
  }
}
