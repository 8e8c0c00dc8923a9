/** The schemas of requests, responses and of what members of groups tell each other, beside Apache Kafka's own descriptions of them. */
import { consumerProtocolAssignment, consumerProtocolSubscription, type MessageDefinition } from '@millrace/protocol'
import { EVERY_API } from '@millrace/protocol/every-api'
import { expect, it } from 'vitest'
import { expectSameSchema, forEachReference, type ReferenceMessage } from './schema-reference.ts'

/** Newest versions that we leave out on purpose. */
const NEWEST_VERSIONS: Readonly<Record<string, number>> = {
  // Version 6 (two-phase commit, KIP-939) is not stable, and no broker advertises it.
  InitProducerIdRequest: 5,
  InitProducerIdResponse: 5,
}

forEachReference((byName) => {
  const ours: MessageDefinition[] = [
    ...EVERY_API.flatMap((api) => [api.request, api.response]),
    consumerProtocolAssignment,
    consumerProtocolSubscription,
  ]

  it.each(ours.filter(({ name }) => byName.has(name)).map((message) => [message.name, message] as const))(
    '%s is the same',
    (name, message) => expectSameSchema(message, byName.get(name) as ReferenceMessage, NEWEST_VERSIONS[name]),
  )

  it('covers every API that clients and tools use', () => {
    const known = new Set(EVERY_API.map(({ key }) => key))
    const missing = [...byName.values()]
      .filter((message) => message.type === 'request' && message.validVersions !== 'none' && message.listeners?.includes('broker'))
      .filter((message) => !known.has(message.apiKey as number))
      .map((message) => message.name)
    expect(missing).toEqual([])
  })

  it('has every API under its own number', () => {
    for (const api of EVERY_API) expect(byName.get(api.request.name)?.apiKey ?? api.key, api.request.name).toBe(api.key)
  })
})
