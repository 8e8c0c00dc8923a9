/**
 * A classic group as it stands after a generation was agreed on, or after its last member left (record type 2 of
 * `__consumer_offsets`). Written in version 3, as Kafka does: 4 is flexible and older brokers cannot read it.
 */
import { array, bytes, defineMessage, int32, int64, string } from '@millrace/protocol'
import { defineRecord } from './record-format.ts'

const WRITTEN_VERSION = 3

export const groupMetadataRecord = defineRecord({
  type: 'group-metadata',
  recordType: 2,
  key: defineMessage({
    name: 'GroupMetadataKey',
    validVersions: '0',
    flexibleVersions: 'none',
    fields: { group: string('0+') },
  }),
  value: defineMessage({
    name: 'GroupMetadataValue',
    validVersions: '0-4',
    flexibleVersions: '4+',
    fields: {
      protocolType: string('0+'),
      generation: int32('0+'),
      protocol: string('0+', { nullable: '0+' }),
      leader: string('0+', { nullable: '0+' }),
      currentStateTimestamp: int64('2+', { default: -1, ignorable: true }),
      members: array('0+', {
        memberId: string('0+'),
        groupInstanceId: string('3+', { default: null, nullable: '3+', ignorable: true }),
        clientId: string('0+'),
        clientHost: string('0+'),
        rebalanceTimeout: int32('1+', { default: -1, ignorable: true }),
        sessionTimeout: int32('0+'),
        subscription: bytes('0+'),
        assignment: bytes('0+'),
      }),
    },
  }),
  valueVersion: () => WRITTEN_VERSION,
})
