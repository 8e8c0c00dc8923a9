/**
 * InitProducerId (API key 22), versions 0-5.
 *
 * Gives an idempotent producer the id under which its batches are recognised when they come twice. Every request gets a fresh
 * id with epoch 0, also that of a producer which had one (3, KIP-360): a new id is as good as a new epoch, and needs no memory.
 *
 * Transactions are not available. A producer with a transactional id is told TRANSACTIONAL_ID_AUTHORIZATION_FAILED, because it
 * is the one code at which every client stops: UNSUPPORTED_VERSION would be truer, but librdkafka goes on asking for ever at
 * that, as all do at the codes about coordinators. Clients that ask for the coordinator first never come here: they find that
 * FindCoordinator is not served, and say so.
 */
import { ERROR_CODES, initProducerIdApi } from '@millrace/protocol'
import type { Decoded, Encodable, ErrorCode, initProducerIdRequest, initProducerIdResponse } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

type Response = Encodable<typeof initProducerIdResponse>

const NO_ID = -1
const FIRST_EPOCH = 0

export function initProducerIdHandler(services: BrokerServices): Handler {
  return defineHandler(initProducerIdApi, (request) => {
    const problem = problemWith(request)
    return problem === ERROR_CODES.NONE ? freshId() : refused(problem)
  })

  async function freshId(): Promise<Response> {
    try {
      const taken = await services.producerIds.take()
      if ('producerId' in taken) {
        return { throttleTimeMs: 0, errorCode: ERROR_CODES.NONE, producerId: taken.producerId, producerEpoch: FIRST_EPOCH }
      }
      services.logger.warn('the controller gave no producer ids', { errorCode: taken.errorCode })
    } catch (error) {
      services.logger.warn('the controller gave no producer ids', { error })
    }
    // Whatever is the matter between this broker and the controller, the producer's part in it is to ask again.
    return refused(ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS)
  }
}

function problemWith(request: Decoded<typeof initProducerIdRequest>): ErrorCode {
  const { transactionalId, producerId, producerEpoch } = request
  if (transactionalId === '') return ERROR_CODES.INVALID_REQUEST
  if (transactionalId !== null) return ERROR_CODES.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
  // An id goes with an epoch.
  return (producerId === NO_ID) === (producerEpoch === NO_ID) ? ERROR_CODES.NONE : ERROR_CODES.INVALID_REQUEST
}

function refused(errorCode: ErrorCode): Response {
  return { throttleTimeMs: 0, errorCode, producerId: NO_ID, producerEpoch: NO_ID }
}
