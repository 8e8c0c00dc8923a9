/**
 * StreamsGroupTopologyDescriptionUpdate (API key 93), versions 0, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, int8, string, struct } from '../schema/field.ts'

export const streamsGroupTopologyDescriptionUpdateRequest = defineMessage({
  name: 'StreamsGroupTopologyDescriptionUpdateRequest',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    groupId: string('0+'),
    memberId: string('0+'),
    topologyEpoch: int32('0+'),
    topologyDescription: struct('0+', {
      subtopologies: array('0+', {
        subtopologyId: string('0+'),
        nodes: array('0+', {
          name: string('0+'),
          nodeType: int8('0+'),
          sourceTopics: array('0+', string('0+')),
          sinkTopic: string('0+', { default: null, nullable: '0+' }),
          stores: array('0+', string('0+')),
          successors: array('0+', string('0+')),
        }),
      }),
      globalStores: array('0+', {
        source: struct('0+', {
          name: string('0+'),
          nodeType: int8('0+'),
          sourceTopics: array('0+', string('0+')),
          sinkTopic: string('0+', { default: null, nullable: '0+' }),
          stores: array('0+', string('0+')),
          successors: array('0+', string('0+')),
        }),
        processor: struct('0+', {
          name: string('0+'),
          nodeType: int8('0+'),
          sourceTopics: array('0+', string('0+')),
          sinkTopic: string('0+', { default: null, nullable: '0+' }),
          stores: array('0+', string('0+')),
          successors: array('0+', string('0+')),
        }),
      }),
    }),
  },
})

export const streamsGroupTopologyDescriptionUpdateResponse = defineMessage({
  name: 'StreamsGroupTopologyDescriptionUpdateResponse',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { default: null, nullable: '0+' }),
  },
})

export const streamsGroupTopologyDescriptionUpdateApi = defineApi({
  key: 93,
  name: 'StreamsGroupTopologyDescriptionUpdate',
  request: streamsGroupTopologyDescriptionUpdateRequest,
  response: streamsGroupTopologyDescriptionUpdateResponse,
})
