/**
 * StreamsGroupDescribe (API key 89), versions 0-1, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bool, int16, int32, int64, int8, string, struct, uint16 } from '../schema/field.ts'

export const streamsGroupDescribeRequest = defineMessage({
  name: 'StreamsGroupDescribeRequest',
  validVersions: '0-1',
  flexibleVersions: '0+',
  fields: {
    groupIds: array('0+', string('0+')),
    includeAuthorizedOperations: bool('0+'),
    includeTopologyDescription: bool('1+'),
  },
})

export const streamsGroupDescribeResponse = defineMessage({
  name: 'StreamsGroupDescribeResponse',
  validVersions: '0-1',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    groups: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('0+', { default: null, nullable: '0+' }),
      groupId: string('0+'),
      groupState: string('0+'),
      groupEpoch: int32('0+'),
      assignmentEpoch: int32('0+'),
      topology: struct(
        '0+',
        {
          epoch: int32('0+'),
          subtopologies: array(
            '0+',
            {
              subtopologyId: string('0+'),
              sourceTopics: array('0+', string('0+')),
              repartitionSinkTopics: array('0+', string('0+')),
              stateChangelogTopics: array('0+', {
                name: string('0+'),
                partitions: int32('0+'),
                replicationFactor: int16('0+'),
                topicConfigs: array('0+', {
                  key: string('0+'),
                  value: string('0+'),
                }),
              }),
              repartitionSourceTopics: array('0+', {
                name: string('0+'),
                partitions: int32('0+'),
                replicationFactor: int16('0+'),
                topicConfigs: array('0+', {
                  key: string('0+'),
                  value: string('0+'),
                }),
              }),
            },
            { default: null, nullable: '0+' },
          ),
        },
        { default: null, nullable: '0+' },
      ),
      members: array('0+', {
        memberId: string('0+'),
        memberEpoch: int32('0+'),
        instanceId: string('0+', { default: null, nullable: '0+' }),
        rackId: string('0+', { default: null, nullable: '0+' }),
        clientId: string('0+'),
        clientHost: string('0+'),
        topologyEpoch: int32('0+'),
        processId: string('0+'),
        userEndpoint: struct(
          '0+',
          {
            host: string('0+'),
            port: uint16('0+'),
          },
          { default: null, nullable: '0+' },
        ),
        clientTags: array('0+', {
          key: string('0+'),
          value: string('0+'),
        }),
        taskOffsets: array('0+', {
          subtopologyId: string('0+'),
          partition: int32('0+'),
          offset: int64('0+'),
        }),
        taskEndOffsets: array('0+', {
          subtopologyId: string('0+'),
          partition: int32('0+'),
          offset: int64('0+'),
        }),
        assignment: struct('0+', {
          activeTasks: array('0+', {
            subtopologyId: string('0+'),
            partitions: array('0+', int32('0+')),
          }),
          standbyTasks: array('0+', {
            subtopologyId: string('0+'),
            partitions: array('0+', int32('0+')),
          }),
          warmupTasks: array('0+', {
            subtopologyId: string('0+'),
            partitions: array('0+', int32('0+')),
          }),
        }),
        targetAssignment: struct('0+', {
          activeTasks: array('0+', {
            subtopologyId: string('0+'),
            partitions: array('0+', int32('0+')),
          }),
          standbyTasks: array('0+', {
            subtopologyId: string('0+'),
            partitions: array('0+', int32('0+')),
          }),
          warmupTasks: array('0+', {
            subtopologyId: string('0+'),
            partitions: array('0+', int32('0+')),
          }),
        }),
        isClassic: bool('0+'),
      }),
      authorizedOperations: int32('0+', { default: -2147483648 }),
      topologyDescription: struct(
        '1+',
        {
          subtopologies: array('1+', {
            subtopologyId: string('1+'),
            nodes: array('1+', {
              name: string('1+'),
              nodeType: int8('1+'),
              sourceTopics: array('1+', string('0+')),
              sinkTopic: string('1+', { default: null, nullable: '1+' }),
              stores: array('1+', string('0+')),
              successors: array('1+', string('0+')),
            }),
          }),
          globalStores: array('1+', {
            source: struct('1+', {
              name: string('1+'),
              nodeType: int8('1+'),
              sourceTopics: array('1+', string('0+')),
              sinkTopic: string('1+', { default: null, nullable: '1+' }),
              stores: array('1+', string('0+')),
              successors: array('1+', string('0+')),
            }),
            processor: struct('1+', {
              name: string('1+'),
              nodeType: int8('1+'),
              sourceTopics: array('1+', string('0+')),
              sinkTopic: string('1+', { default: null, nullable: '1+' }),
              stores: array('1+', string('0+')),
              successors: array('1+', string('0+')),
            }),
          }),
        },
        { default: null, nullable: '1+' },
      ),
      topologyDescriptionStatus: int8('1+'),
      assignorName: string('1+', { default: null, nullable: '1+', ignorable: true }),
    }),
  },
})

export const streamsGroupDescribeApi = defineApi({
  key: 89,
  name: 'StreamsGroupDescribe',
  request: streamsGroupDescribeRequest,
  response: streamsGroupDescribeResponse,
})
