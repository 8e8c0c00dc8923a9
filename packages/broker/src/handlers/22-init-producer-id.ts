/**
 * InitProducerId (API key 22), versions 0-5.
 *
 * Gives a producer the id under which its batches are recognised when they come twice. An idempotent one gets a fresh id with epoch 0,
 * also when it had one (3, KIP-360): a new id is as good as a new epoch, and needs no memory. One with a transactional id gets what the
 * coordinator of that id gives it: the same id with the next epoch, which shuts out whoever had it before.
 *
 * Version notes: 3 (KIP-360) a producer says what it has; 4 knows PRODUCER_FENCED. Not served: 6, transactions in two phases (KIP-939),
 * which is not stable in Apache Kafka either.
 */
import { ERROR_CODES, initProducerIdApi } from '@millrace/protocol'
import type { Encodable, ErrorCode, initProducerIdResponse } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askTransaction } from './ask-transaction.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

type Response = Encodable<typeof initProducerIdResponse>

const NO_ID = -1
const FIRST_EPOCH = 0

export function initProducerIdHandler(services: BrokerServices): Handler {
  return defineHandler(initProducerIdApi, async (request, context) => {
    const { transactionalId, producerId, producerEpoch } = request
    if (transactionalId === null) {
      // An id goes with an epoch.
      return (producerId === NO_ID) === (producerEpoch === NO_ID) ? freshId() : refused(ERROR_CODES.INVALID_REQUEST)
    }
    if (transactionalId === '') return refused(ERROR_CODES.INVALID_REQUEST)
    // So that the coordinator finds one at hand. When there is none to be had it says so itself, if it needs one.
    await services.producerIds.prepare()
    const asked = { api: 'InitProducerId', transactionalId, producerId, producerEpoch, timeoutMs: request.transactionTimeoutMs } as const
    const answer = await askTransaction(services, context, { key: transactionalId }, asked)
    return { throttleTimeMs: 0, errorCode: answer.errorCode, producerId: answer.producerId, producerEpoch: answer.producerEpoch }
  })

  async function freshId(): Promise<Response> {
    const taken = await services.producerIds.take()
    if (taken !== null) return { throttleTimeMs: 0, errorCode: ERROR_CODES.NONE, producerId: taken, producerEpoch: FIRST_EPOCH }
    // Whatever is the matter between this broker and the controller, the producer's part in it is to ask again.
    return refused(ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS)
  }
}

function refused(errorCode: ErrorCode): Response {
  return { throttleTimeMs: 0, errorCode, producerId: NO_ID, producerEpoch: NO_ID }
}
