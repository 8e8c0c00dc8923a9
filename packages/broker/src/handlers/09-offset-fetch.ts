/**
 * OffsetFetch (API key 9), versions 1-10.
 *
 * How far groups have got: for the partitions that are asked about, or for all that something was committed for. What was never
 * committed is -1, and no error.
 *
 * Version notes: 2 null means all partitions, and errors of the group stand above its partitions; 5 leader epochs; 7 (KIP-447)
 * `requireStable`, for which partitions with offsets in an open transaction are UNSTABLE_OFFSET_COMMIT; 8 (KIP-709) several groups; 9
 * (KIP-848) the member and its epoch; 10 topics by id.
 */
import { offsetFetchApi } from '@millrace/protocol'
import type { Decoded, Encodable, offsetFetchRequest, offsetFetchResponse } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import type { CoordinatorError } from '../coordinator/coordinator-kind.ts'
import { askEachGroup, askOneGroup } from './ask-group.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

type Request = Decoded<typeof offsetFetchRequest>
type Response = Encodable<typeof offsetFetchResponse>

const FIRST_GROUP_ERROR_VERSION = 2
const FIRST_BATCH_VERSION = 8

export function offsetFetchHandler(services: BrokerServices): Handler {
  return defineHandler(offsetFetchApi, async (request, context) => {
    const { apiVersion } = context
    if (apiVersion < FIRST_BATCH_VERSION) {
      return askOneGroup(services, context, 'OffsetFetch', request, (errorCode) => refusedGroup(request, apiVersion, errorCode))
    }
    const groups = await askEachGroup(services, context, 'OffsetFetch', request.groups, {
      groupIdOf: ({ groupId }) => groupId,
      bodyOf: (asked) => ({ ...request, groups: asked }),
      resultsOf: (response) => response.groups ?? [],
      refused: ({ groupId }, errorCode) => ({ groupId, topics: [], errorCode }),
    })
    return { throttleTimeMs: 0, groups }
  })
}

function refusedGroup(request: Request, version: number, errorCode: CoordinatorError): Response {
  if (version >= FIRST_GROUP_ERROR_VERSION) return { throttleTimeMs: 0, errorCode, topics: [] }
  const partition = (partitionIndex: number) => ({ partitionIndex, committedOffset: -1, metadata: '', errorCode })
  const topics = (request.topics ?? []).map(({ name, partitionIndexes }) => ({ name, partitions: partitionIndexes.map(partition) }))
  return { throttleTimeMs: 0, topics }
}
