/**
 * DescribeCluster (API key 60), versions 0-2.
 *
 * Who belongs to the cluster, for tools; what Metadata says of it without the topics.
 *
 * Version notes: 1 whether brokers or controllers are asked for (this is a broker's address, so only brokers can be); 2 fenced
 * brokers on request.
 */
import { describeClusterApi, ERROR_CODES } from '@millrace/protocol'
import type { Encodable, ErrorCode, describeClusterResponse } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED } from './authorized-operations.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'
import { controllerIdFor, reachableBrokers } from './reachable-brokers.ts'

const ENDPOINT_TYPES = { broker: 1, controller: 2 } as const
const NO_CONTROLLER = -1

export function describeClusterHandler(services: BrokerServices): Handler {
  return defineHandler(describeClusterApi, (request, context) => {
    const { endpointType } = request
    if (endpointType === ENDPOINT_TYPES.controller) {
      return refused(ERROR_CODES.MISMATCHED_ENDPOINT_TYPE, 'this is the address of a broker; controllers have others')
    }
    if (endpointType !== ENDPOINT_TYPES.broker) {
      return refused(ERROR_CODES.UNSUPPORTED_ENDPOINT_TYPE, `there is no endpoint type ${endpointType}`)
    }
    return {
      throttleTimeMs: 0,
      errorCode: ERROR_CODES.NONE,
      clusterId: services.clusterId,
      controllerId: controllerIdFor(services),
      brokers: reachableBrokers(services, context.local)
        .filter((broker) => !broker.isFenced || request.includeFencedBrokers)
        .map(({ id, host, port, rack, isFenced }) => ({ brokerId: id, host, port, rack, isFenced })),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? CLUSTER_OPERATIONS : OPERATIONS_NOT_ASKED,
    }
  })
}

function refused(errorCode: ErrorCode, errorMessage: string): Encodable<typeof describeClusterResponse> {
  return { throttleTimeMs: 0, errorCode, errorMessage, clusterId: '', controllerId: NO_CONTROLLER, brokers: [] }
}
