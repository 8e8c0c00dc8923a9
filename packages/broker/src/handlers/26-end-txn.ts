/**
 * EndTxn (API key 26), versions 0-5.
 *
 * Commits or aborts a producer's transaction. It is answered when that is decided and cannot change any more; the partitions are told
 * afterwards, and until they are the producer's next transaction waits (CONCURRENT_TRANSACTIONS).
 *
 * Version notes: 2 knows PRODUCER_FENCED; 5 (KIP-890) has every end raise the producer's epoch, and says what the producer goes on with.
 */
import { endTxnApi } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askTransaction } from './ask-transaction.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

/** From here on an end may need another producer id. */
const FIRST_EPOCH_BUMPING_VERSION = 5

export function endTxnHandler(services: BrokerServices): Handler {
  return defineHandler(endTxnApi, async (request, context) => {
    const { transactionalId, producerId, producerEpoch, committed } = request
    if (context.apiVersion >= FIRST_EPOCH_BUMPING_VERSION) await services.producerIds.prepare()
    const asked = { api: 'EndTxn', transactionalId, producerId, producerEpoch, committed } as const
    const answer = await askTransaction(services, context, { key: transactionalId }, asked)
    return { throttleTimeMs: 0, errorCode: answer.errorCode, producerId: answer.producerId, producerEpoch: answer.producerEpoch }
  })
}
