/**
 * OffsetCommit (API key 8), versions 2-10.
 *
 * Stores how far a group has got. The answer says that it is stored: on every replica in sync, as safely as the topic of the groups is
 * set to be. Whether the client may commit for the group, its coordinator decides.
 *
 * Version notes: 2-4 carry a retention time of their own; 6 leader epochs; 7 static members; 9 (KIP-848) members of consumer groups
 * commit, with their member epoch; 10 topics by id.
 */
import { offsetCommitApi } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askOneGroup } from './ask-group.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

export function offsetCommitHandler(services: BrokerServices): Handler {
  return defineHandler(offsetCommitApi, (request, context) =>
    askOneGroup(services, context, 'OffsetCommit', request, (errorCode) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ name, topicId, partitions }) => ({
        name,
        topicId,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
      })),
    })),
  )
}
