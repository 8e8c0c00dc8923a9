/**
 * DescribeQuorum (API key 55), versions 0-2.
 *
 * The controllers as the one that leads them sees them: who votes, who follows, brokers included, how far each is. There is one such
 * log in a cluster, `__cluster_metadata-0`; any other name is unknown.
 *
 * Version notes: 1 when each was last heard of and had everything; 2 directory ids, error messages, and where the controllers
 * are reached.
 */
import type { Outcome, QuorumDescription, ReplicaLag } from '@millrace/metadata'
import { describeQuorumApi, ERROR_CODES } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askControllerOnce } from './ask-controller.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

const METADATA_TOPIC = '__cluster_metadata'
const METADATA_PARTITION = 0
const LISTENER = 'CONTROLLER'
const FIRST_DIRECTORY_ID_VERSION = 2
const NOBODY = { leaderId: -1, leaderEpoch: -1, highWatermark: -1, currentVoters: [], observers: [] }

export function describeQuorumHandler(services: BrokerServices): Handler {
  return defineHandler(describeQuorumApi, async ({ topics }, { apiVersion }) => {
    const hasDirectories = apiVersion >= FIRST_DIRECTORY_ID_VERSION
    const [topic] = topics
    const isMeant = topics.length === 1 && topic?.topicName === METADATA_TOPIC
    const isWhole = topic?.partitions.length === 1 && topic.partitions[0]?.partitionIndex === METADATA_PARTITION
    if (!isMeant || !isWhole) {
      const errorCode = ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION
      return {
        errorCode: ERROR_CODES.NONE,
        topics: topics.map(({ topicName, partitions }) => ({
          topicName,
          partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode, ...NOBODY })),
        })),
      }
    }
    const answer = await askControllerOnce<QuorumDescription | Outcome>(
      services,
      () => services.controller.describeQuorum(),
      (failed) => failed,
    )
    if ('errorCode' in answer) return { errorCode: answer.errorCode, errorMessage: answer.errorMessage, topics: [] }
    const { leaderId, leaderEpoch, highWatermark, voters, observers, nodes } = answer
    const replica = ({ nodeId, directoryId, logEndOffset, lastFetchMs, lastCaughtUpMs }: ReplicaLag) => ({
      replicaId: nodeId,
      ...(hasDirectories ? { replicaDirectoryId: directoryId } : {}),
      logEndOffset,
      lastFetchTimestamp: lastFetchMs,
      lastCaughtUpTimestamp: lastCaughtUpMs,
    })
    const partition = {
      partitionIndex: METADATA_PARTITION,
      errorCode: ERROR_CODES.NONE,
      leaderId,
      leaderEpoch,
      highWatermark,
      currentVoters: voters.map(replica),
      observers: observers.map(replica),
    }
    return {
      errorCode: ERROR_CODES.NONE,
      topics: [{ topicName: METADATA_TOPIC, partitions: [partition] }],
      ...(hasDirectories
        ? { nodes: nodes.map(({ nodeId, host, port }) => ({ nodeId, listeners: [{ name: LISTENER, host, port }] })) }
        : {}),
    }
  })
}
