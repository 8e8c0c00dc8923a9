/**
 * TxnOffsetCommit (API key 28), versions 0-6.
 *
 * Commits offsets of a group in a producer's transaction: they count when it is committed. The group's coordinator keeps them; before it
 * does, the transaction's coordinator has to say that the partition where they are kept takes part in the transaction, as with a batch of
 * records (KIP-890).
 *
 * Version notes: 3 (KIP-447) the consumer's membership is checked; 4 knows TRANSACTION_ABORTABLE, and 5 adds the partition to the
 * transaction (both KIP-890); 6 names topics by id.
 */
import { ERROR_CODES, txnOffsetCommitApi } from '@millrace/protocol'
import type { Decoded, Encodable, ErrorCode, txnOffsetCommitRequest, txnOffsetCommitResponse } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askGroupInTransaction } from './ask-group.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

type Request = Decoded<typeof txnOffsetCommitRequest>

/** From this version on a producer can be told to abort and go on. */
const FIRST_ABORTABLE_VERSION = 4
/** From this version on the partition is added to the transaction. */
const FIRST_ADDING_VERSION = 5
/** Before this version nobody knows that a coordinator may be loading. */
const FIRST_LOADING_VERSION = 2

export function txnOffsetCommitHandler(services: BrokerServices): Handler {
  return defineHandler(txnOffsetCommitApi, async (request, context) => {
    const { groupId, transactionalId, producerId, producerEpoch } = request
    const isAdding = context.apiVersion >= FIRST_ADDING_VERSION
    const topic = services.coordinators.groups.kind.topic.name
    const answer = await askGroupInTransaction(services, context, { key: groupId }, 'TxnOffsetCommit', request, {
      transaction: { producerId, producerEpoch },
      confirm: async (partition) => {
        if (!isAdding && !services.settings().verifiesTransactions) return ERROR_CODES.NONE
        const asked = { transactionalId, producerId, producerEpoch, topic, partition, verifyOnly: !isAdding }
        return services.transactionVerifier.confirm(asked)
      },
    })
    if (answer.type === 'answered') return answer.response
    const errorCode = answer.type === 'unconfirmed' ? inWordsOfOffsets(answer.errorCode, context.apiVersion) : answer.errorCode
    return refused(request, forVersion(errorCode, context.apiVersion))
  })
}

/** What the transaction's coordinator says, for those who talk to the group's. */
function inWordsOfOffsets(errorCode: ErrorCode, apiVersion: number): ErrorCode {
  switch (errorCode) {
    case ERROR_CODES.PRODUCER_FENCED:
      return ERROR_CODES.INVALID_PRODUCER_EPOCH
    case ERROR_CODES.TRANSACTION_ABORTABLE:
      return apiVersion >= FIRST_ABORTABLE_VERSION ? errorCode : ERROR_CODES.INVALID_TXN_STATE
    // The group's coordinator is here all the same, and is asked again.
    case ERROR_CODES.NOT_COORDINATOR:
    case ERROR_CODES.COORDINATOR_NOT_AVAILABLE:
    case ERROR_CODES.NETWORK_EXCEPTION:
      return ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS
    default:
      return errorCode
  }
}

function forVersion(errorCode: ErrorCode, apiVersion: number): ErrorCode {
  const isTooYoung = errorCode === ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS && apiVersion < FIRST_LOADING_VERSION
  return isTooYoung ? ERROR_CODES.COORDINATOR_NOT_AVAILABLE : errorCode
}

function refused(request: Request, errorCode: ErrorCode): Encodable<typeof txnOffsetCommitResponse> {
  const topics = request.topics.map(({ name, topicId, partitions }) => ({
    name,
    topicId,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
  }))
  return { throttleTimeMs: 0, topics }
}
