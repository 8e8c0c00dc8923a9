import { describe, expect, it } from 'vitest'
import { defineMessage } from './define-message.ts'
import { int32, struct } from './field.ts'
import { decodeMessage, encodeMessage } from './message-codec.ts'

describe('a struct that may be null', () => {
  const inner = { number: int32('0+') }
  const plain = defineMessage({
    name: 'Plain',
    validVersions: '0',
    flexibleVersions: '0+',
    fields: { it: struct('0+', inner, { nullable: '0+' }) },
  })
  const tagged = defineMessage({
    name: 'Tagged',
    validVersions: '0',
    flexibleVersions: '0+',
    fields: { it: struct('0+', inner, { nullable: '0+', tag: 0, tagged: '0+' }) },
  })

  it.each([
    ['in its place', plain, null, [0xff, 0]],
    ['in its place', plain, { number: 7 }, [1, 0, 0, 0, 7, 0, 0]],
    // The bytes of Apache Kafka for the member of a consumer group.
    ['as a tagged field', tagged, null, [1, 0, 1, 0]],
    ['as a tagged field', tagged, { number: 7 }, [1, 0, 6, 1, 0, 0, 0, 7, 0]],
    ['as a tagged field that has its default', tagged, { number: 0 }, [0]],
  ])('%s is written and read', (_where, message, it, bytes) => {
    expect([...encodeMessage(message, 0, { it } as never)]).toEqual(bytes)
    expect(decodeMessage(message, 0, Uint8Array.from(bytes))).toEqual({ it })
  })
})
