/** The schemas of the records that coordinators keep beside Apache Kafka's own descriptions of them. */
import { GROUP_RECORD_FORMATS, transactionLogRecord } from '@millrace/coordinator'
import { expect, it } from 'vitest'
import { expectSameSchema, forEachReference, type ReferenceMessage } from './schema-reference.ts'

forEachReference((byName) => {
  const formats = [...GROUP_RECORD_FORMATS, transactionLogRecord]
  const messages = formats.flatMap(({ recordType, key, value }) => [
    { recordType, message: key },
    { recordType, message: value },
  ])

  const described = messages.filter(({ message }) => byName.has(message.name))
  // An installed Kafka has its records' descriptions inside of its libraries, not among those that are fetched.
  if (described.length === 0) it.skip('records are not described here')

  it.each(described.map((each) => [each.message.name, each] as const))('%s is the same', (name, { recordType, message }) => {
    const theirs = byName.get(name) as ReferenceMessage
    expectSameSchema(message, theirs)
    expect(recordType).toBe(theirs.apiKey)
  })
})
