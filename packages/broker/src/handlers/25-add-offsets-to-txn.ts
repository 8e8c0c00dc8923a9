/**
 * AddOffsetsToTxn (API key 25), versions 0-4.
 *
 * Puts the partition that keeps a group's offsets into a producer's transaction, before it commits offsets of the group in it. Producers
 * of the second protocol (KIP-890) leave this out: for them TxnOffsetCommit does it.
 *
 * Version notes: 2 knows PRODUCER_FENCED.
 */
import { addOffsetsToTxnApi, ERROR_CODES } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askTransaction } from './ask-transaction.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

export function addOffsetsToTxnHandler(services: BrokerServices): Handler {
  return defineHandler(addOffsetsToTxnApi, async (request, context) => {
    const { transactionalId, producerId, producerEpoch, groupId } = request
    const { groups } = services.coordinators
    const partition = groups.partitionOf(groupId) ?? (await services.coordinators.groupLeader(groupId), groups.partitionOf(groupId))
    if (partition === null) return { throttleTimeMs: 0, errorCode: ERROR_CODES.COORDINATOR_NOT_AVAILABLE }
    const offsetsPartition = { topic: groups.kind.topic.name, partitions: [partition] }
    const asked = { api: 'AddOffsetsToTxn', transactionalId, producerId, producerEpoch, offsetsPartition } as const
    const { errorCode } = await askTransaction(services, context, { key: transactionalId }, asked)
    return { throttleTimeMs: 0, errorCode }
  })
}
