/**
 * AlterPartitionReassignments (API key 45), versions 0-1.
 *
 * Carries to the controller which brokers partitions shall move to, or that a move is to be taken back (null).
 *
 * Version notes: 1 the client may forbid that the number of replicas changes.
 */
import type { PartitionsOutcome } from '@millrace/metadata'
import { alterPartitionReassignmentsApi } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askControllerOnce } from './ask-controller.ts'
import { byTopic } from './by-topic.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

export function alterPartitionReassignmentsHandler(services: BrokerServices): Handler {
  return defineHandler(alterPartitionReassignmentsApi, async (request) => {
    const { allowReplicationFactorChange } = request
    const partitions = request.topics.flatMap(({ name, partitions: wanted }) =>
      wanted.map(({ partitionIndex, replicas }) => ({ topic: name, partition: partitionIndex, replicas })),
    )
    const outcome = await askControllerOnce<PartitionsOutcome>(
      services,
      () => services.controller.alterPartitionReassignments({ partitions, allowReplicationFactorChange }),
      (failed) => ({ ...failed, partitions: [] }),
    )
    return {
      throttleTimeMs: 0,
      allowReplicationFactorChange,
      errorCode: outcome.errorCode,
      errorMessage: outcome.errorMessage,
      responses: byTopic(outcome.partitions).map(([name, results]) => ({
        name,
        partitions: results.map(({ partition, errorCode, errorMessage }) => ({ partitionIndex: partition, errorCode, errorMessage })),
      })),
    }
  })
}
