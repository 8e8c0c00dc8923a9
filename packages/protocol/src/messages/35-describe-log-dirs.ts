/**
 * DescribeLogDirs (API key 35), versions 1-5, flexible from 2.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bool, int16, int32, int64, string } from '../schema/field.ts'

export const describeLogDirsRequest = defineMessage({
  name: 'DescribeLogDirsRequest',
  validVersions: '1-5',
  flexibleVersions: '2+',
  fields: {
    topics: array(
      '0+',
      {
        topic: string('0+'),
        partitions: array('0+', int32('0+')),
      },
      { nullable: '0+' },
    ),
  },
})

export const describeLogDirsResponse = defineMessage({
  name: 'DescribeLogDirsResponse',
  validVersions: '1-5',
  flexibleVersions: '2+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('3+', { ignorable: true }),
    results: array('0+', {
      errorCode: int16('0+'),
      logDir: string('0+'),
      topics: array('0+', {
        name: string('0+'),
        partitions: array('0+', {
          partitionIndex: int32('0+'),
          partitionSize: int64('0+'),
          offsetLag: int64('0+'),
          isFutureKey: bool('0+'),
        }),
      }),
      totalBytes: int64('4+', { default: -1, ignorable: true }),
      usableBytes: int64('4+', { default: -1, ignorable: true }),
      isCordoned: bool('5+', { ignorable: true }),
    }),
  },
})

export const describeLogDirsApi = defineApi({
  key: 35,
  name: 'DescribeLogDirs',
  request: describeLogDirsRequest,
  response: describeLogDirsResponse,
})
