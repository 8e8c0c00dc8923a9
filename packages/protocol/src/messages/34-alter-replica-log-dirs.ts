/**
 * AlterReplicaLogDirs (API key 34), versions 1-2, flexible from 2.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, string } from '../schema/field.ts'

export const alterReplicaLogDirsRequest = defineMessage({
  name: 'AlterReplicaLogDirsRequest',
  validVersions: '1-2',
  flexibleVersions: '2+',
  fields: {
    dirs: array('0+', {
      path: string('0+'),
      topics: array('0+', {
        name: string('0+'),
        partitions: array('0+', int32('0+')),
      }),
    }),
  },
})

export const alterReplicaLogDirsResponse = defineMessage({
  name: 'AlterReplicaLogDirsResponse',
  validVersions: '1-2',
  flexibleVersions: '2+',
  fields: {
    throttleTimeMs: int32('0+'),
    results: array('0+', {
      topicName: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
      }),
    }),
  },
})

export const alterReplicaLogDirsApi = defineApi({
  key: 34,
  name: 'AlterReplicaLogDirs',
  request: alterReplicaLogDirsRequest,
  response: alterReplicaLogDirsResponse,
})
