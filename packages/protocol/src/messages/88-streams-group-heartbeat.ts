/**
 * StreamsGroupHeartbeat (API key 88), versions 0-1, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bool, int16, int32, int64, int8, string, struct, uint16 } from '../schema/field.ts'

export const streamsGroupHeartbeatRequest = defineMessage({
  name: 'StreamsGroupHeartbeatRequest',
  validVersions: '0-1',
  flexibleVersions: '0+',
  fields: {
    groupId: string('0+'),
    memberId: string('0+'),
    memberEpoch: int32('0+'),
    endpointInformationEpoch: int32('0+'),
    instanceId: string('0+', { default: null, nullable: '0+' }),
    rackId: string('0+', { default: null, nullable: '0+' }),
    rebalanceTimeoutMs: int32('0+', { default: -1 }),
    topology: struct(
      '0+',
      {
        epoch: int32('0+'),
        subtopologies: array('0+', {
          subtopologyId: string('0+'),
          sourceTopics: array('0+', string('0+')),
          sourceTopicRegex: array('0+', string('0+')),
          stateChangelogTopics: array('0+', {
            name: string('0+'),
            partitions: int32('0+'),
            replicationFactor: int16('0+'),
            topicConfigs: array('0+', {
              key: string('0+'),
              value: string('0+'),
            }),
          }),
          repartitionSinkTopics: array('0+', string('0+')),
          repartitionSourceTopics: array('0+', {
            name: string('0+'),
            partitions: int32('0+'),
            replicationFactor: int16('0+'),
            topicConfigs: array('0+', {
              key: string('0+'),
              value: string('0+'),
            }),
          }),
          copartitionGroups: array('0+', {
            sourceTopics: array('0+', int16('0+')),
            sourceTopicRegex: array('0+', int16('0+')),
            repartitionSourceTopics: array('0+', int16('0+')),
          }),
        }),
      },
      { default: null, nullable: '0+' },
    ),
    activeTasks: array(
      '0+',
      {
        subtopologyId: string('0+'),
        partitions: array('0+', int32('0+')),
      },
      { default: null, nullable: '0+' },
    ),
    standbyTasks: array(
      '0+',
      {
        subtopologyId: string('0+'),
        partitions: array('0+', int32('0+')),
      },
      { default: null, nullable: '0+' },
    ),
    warmupTasks: array(
      '0+',
      {
        subtopologyId: string('0+'),
        partitions: array('0+', int32('0+')),
      },
      { default: null, nullable: '0+' },
    ),
    processId: string('0+', { default: null, nullable: '0+' }),
    userEndpoint: struct(
      '0+',
      {
        host: string('0+'),
        port: uint16('0+'),
      },
      { default: null, nullable: '0+' },
    ),
    clientTags: array(
      '0+',
      {
        key: string('0+'),
        value: string('0+'),
      },
      { default: null, nullable: '0+' },
    ),
    taskOffsets: array(
      '0+',
      {
        subtopologyId: string('0+'),
        partition: int32('0+'),
        offset: int64('0+'),
      },
      { default: null, nullable: '0+' },
    ),
    taskEndOffsets: array(
      '0+',
      {
        subtopologyId: string('0+'),
        partition: int32('0+'),
        offset: int64('0+'),
      },
      { default: null, nullable: '0+' },
    ),
    shutdownApplication: bool('0+'),
  },
})

export const streamsGroupHeartbeatResponse = defineMessage({
  name: 'StreamsGroupHeartbeatResponse',
  validVersions: '0-1',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { default: null, nullable: '0+' }),
    memberId: string('0+'),
    memberEpoch: int32('0+'),
    heartbeatIntervalMs: int32('0+'),
    acceptableRecoveryLagLegacy: int32('0'),
    taskOffsetIntervalMs: int32('0+'),
    acceptableRecoveryLag: int64('1+', { default: -1, ignorable: true }),
    status: array(
      '0+',
      {
        statusCode: int8('0+'),
        statusDetail: string('0+'),
      },
      { nullable: '0+' },
    ),
    activeTasks: array(
      '0+',
      {
        subtopologyId: string('0+'),
        partitions: array('0+', int32('0+')),
      },
      { default: null, nullable: '0+' },
    ),
    standbyTasks: array(
      '0+',
      {
        subtopologyId: string('0+'),
        partitions: array('0+', int32('0+')),
      },
      { default: null, nullable: '0+' },
    ),
    warmupTasks: array(
      '0+',
      {
        subtopologyId: string('0+'),
        partitions: array('0+', int32('0+')),
      },
      { default: null, nullable: '0+' },
    ),
    topologyDescriptionRequired: bool('1+'),
    endpointInformationEpoch: int32('0+'),
    partitionsByUserEndpoint: array(
      '0+',
      {
        userEndpoint: struct('0+', {
          host: string('0+'),
          port: uint16('0+'),
        }),
        activePartitions: array('0+', {
          topic: string('0+'),
          partitions: array('0+', int32('0+')),
        }),
        standbyPartitions: array('0+', {
          topic: string('0+'),
          partitions: array('0+', int32('0+')),
        }),
      },
      { default: null, nullable: '0+' },
    ),
  },
})

export const streamsGroupHeartbeatApi = defineApi({
  key: 88,
  name: 'StreamsGroupHeartbeat',
  request: streamsGroupHeartbeatRequest,
  response: streamsGroupHeartbeatResponse,
})
