/**
 * ElectLeaders (API key 43), versions 0-2.
 *
 * Carries the wish to the controller: preferred leaders for partitions that have others, or any leader at all for partitions
 * that have none. No partitions means all of them; then only those are answered for which there was something to do.
 *
 * Version notes: 0 knows preferred leaders only; 1 unclean elections, and an error of the request as a whole.
 */
import type { ElectLeadersCommand, PartitionsOutcome } from '@millrace/metadata'
import { electLeadersApi, ERROR_CODES } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askControllerOnce } from './ask-controller.ts'
import { byTopic } from './by-topic.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

const ELECTION_TYPES: readonly ElectLeadersCommand['type'][] = ['preferred', 'unclean']

export function electLeadersHandler(services: BrokerServices): Handler {
  return defineHandler(electLeadersApi, async (request, { apiVersion }) => {
    const { electionType, topicPartitions, timeoutMs } = request
    const partitions =
      topicPartitions?.flatMap(({ topic, partitions: indexes }) => indexes.map((partition) => ({ topic, partition }))) ?? null
    const refuse = (outcome: {
      readonly errorCode: PartitionsOutcome['errorCode']
      readonly errorMessage: string | null
    }): PartitionsOutcome => ({
      ...outcome,
      partitions: (partitions ?? []).map((each) => ({ ...each, ...outcome })),
    })
    const type = ELECTION_TYPES[electionType]
    const outcome =
      type === undefined
        ? refuse({ errorCode: ERROR_CODES.INVALID_REQUEST, errorMessage: `there is no election type ${electionType}` })
        : await askControllerOnce(services, () => services.controller.electLeaders({ type, partitions, timeoutMs }), refuse)
    return {
      throttleTimeMs: 0,
      ...(apiVersion === 0 ? {} : { errorCode: outcome.errorCode }),
      replicaElectionResults: byTopic(outcome.partitions).map(([topic, results]) => ({
        topic,
        partitionResult: results.map(({ partition, errorCode, errorMessage }) => ({ partitionId: partition, errorCode, errorMessage })),
      })),
    }
  })
}
