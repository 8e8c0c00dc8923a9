/**
 * A committed offset (record types 0 and 1 of `__consumer_offsets`). Type 0 is what the first brokers wrote; it is read only.
 *
 * Value versions: 1 carries the time at which the offset expires, which clients could state until OffsetCommit 4; 3 the leader
 * epoch (KIP-320); 4 is the first flexible one and carries the topic's id.
 */
import { defineMessage, int32, int64, string, uuid } from '@millrace/protocol'
import { defineRecord } from './record-format.ts'

const KEY_FIELDS = { group: string('0+'), topic: string('0+'), partition: int32('0+') }

export const legacyOffsetCommitRecord = defineRecord({
  type: 'legacy-offset-commit',
  recordType: 0,
  key: defineMessage({ name: 'LegacyOffsetCommitKey', validVersions: '0', flexibleVersions: 'none', fields: KEY_FIELDS }),
  value: defineMessage({
    name: 'LegacyOffsetCommitValue',
    validVersions: '0',
    flexibleVersions: 'none',
    fields: {
      offset: int64('0+'),
      metadata: string('0+'),
      commitTimestamp: int64('0+'),
    },
  }),
  valueVersion: () => 0,
})

/** The one version that has an expiry; newer ones dropped the field. */
const EXPIRING_VERSION = 1
const NEWEST_VERSION = 4

export const offsetCommitRecord = defineRecord({
  type: 'offset-commit',
  recordType: 1,
  key: defineMessage({ name: 'OffsetCommitKey', validVersions: '0', flexibleVersions: 'none', fields: KEY_FIELDS }),
  value: defineMessage({
    name: 'OffsetCommitValue',
    validVersions: '0-4',
    flexibleVersions: '4+',
    fields: {
      offset: int64('0+'),
      leaderEpoch: int32('3+', { default: -1, ignorable: true }),
      metadata: string('0+'),
      commitTimestamp: int64('0+'),
      expireTimestamp: int64('1', { default: -1, ignorable: true }),
      topicId: uuid('4+', { tag: 0, tagged: '4+', ignorable: true }),
    },
  }),
  valueVersion: ({ expireTimestamp }) => (expireTimestamp === -1 ? NEWEST_VERSION : EXPIRING_VERSION),
})
