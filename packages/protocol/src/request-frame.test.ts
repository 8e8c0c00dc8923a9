import { expect, it } from 'vitest'
import { metadataApi } from './messages/03-metadata.ts'
import { ProtocolError } from './protocol-error.ts'
import { decodeRequest, decodeRequestHeader } from './request-frame.ts'

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
}

// Sent by librdkafka 2.16.0 for `list_topics()`, without the size. The null list is one byte; four were written.
const LIST_TOPICS = bytes('0003000d00000003000772646b61666b610000000000010000')

it('reads a request that is followed by bytes that mean nothing', () => {
  const header = decodeRequestHeader(LIST_TOPICS)
  expect(header).toMatchObject({ apiKey: 3, apiVersion: 13, correlationId: 3, clientId: 'rdkafka' })
  expect(decodeRequest(metadataApi, header, LIST_TOPICS)).toMatchObject({ topics: null, allowAutoTopicCreation: false })
})

it.each([0, 1, 2, 3])('refuses a request that is cut short by %i bytes of its last four', (kept) => {
  const header = decodeRequestHeader(LIST_TOPICS)
  const cut = LIST_TOPICS.subarray(0, header.bodyOffset + kept)
  expect(() => decodeRequest(metadataApi, header, cut)).toThrow(ProtocolError)
})
