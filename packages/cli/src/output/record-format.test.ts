import type { ConsumedRecord } from '@millrace/client'
import { describe, expect, it } from 'vitest'
import { parseJson } from '../input/record-line.ts'
import { jsonFormat, textFormat } from './record-format.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (data: Uint8Array): string => new TextDecoder().decode(data)

function record(key: Uint8Array | null, value: Uint8Array | null, headers: ConsumedRecord['headers'] = []): ConsumedRecord {
  return { topic: 't', partition: 1, offset: 2, timestamp: 3, key, value, headers }
}

describe('records as text', () => {
  it.each([
    [{ delimiter: '\n', keySeparator: null }, 'v\n\n'],
    [{ delimiter: '\0', keySeparator: ':' }, 'k:v\0:\0'],
    [{ delimiter: '', keySeparator: null }, 'v'],
  ])('with %o', (options, expected) => {
    expect(text(textFormat(options)([record(bytes('k'), bytes('v')), record(null, null)]))).toBe(expected)
  })

  it('keep every byte of a value', () => {
    const value = Uint8Array.from({ length: 256 }, (_, index) => index)
    expect([...textFormat({ delimiter: '', keySeparator: null })([record(null, value)])]).toEqual([...value])
  })
})

describe('records as JSON', () => {
  it('have one line each', () => {
    const lines = text(jsonFormat([record(bytes('k'), bytes('a\n"b"')), record(null, null, [{ key: 'h', value: bytes('x') }])]))
    expect(
      lines
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { topic: 't', partition: 1, offset: 2, timestamp: 3, key: 'k', value: 'a\n"b"', headers: [] },
      { topic: 't', partition: 1, offset: 2, timestamp: 3, key: null, value: null, headers: [{ key: 'h', value: 'x' }] },
    ])
  })

  it.each([
    ['text', bytes('grün'), bytes('\ufeffv')],
    ['bytes that are no text', Uint8Array.of(0xff, 0), Uint8Array.of(0xc3)],
    ['nothing', null, null],
    ['empty text', bytes(''), bytes('')],
  ])('with %s come back from produce as they were', (_, key, value) => {
    const line = jsonFormat([record(key, value, [{ key: 'h', value }])])
    const parsed = parseJson(line.subarray(0, -1), 1)
    const plain = (data: Uint8Array | string | null | undefined): unknown =>
      typeof data === 'string' ? [...bytes(data)] : data && [...data]
    expect(plain(parsed.key)).toEqual(plain(key))
    expect(plain(parsed.value)).toEqual(plain(value))
    expect(plain(parsed.headers?.[0]?.value)).toEqual(plain(value))
    expect(parsed).toMatchObject({ partition: 1, timestamp: 3 })
  })
})
