import { describe, expect, it } from 'vitest'
import { parseJson, parseKeyed, parsePlain } from './record-line.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (data: Uint8Array | string | null): string | null =>
  data === null || typeof data === 'string' ? data : new TextDecoder().decode(data)

it('a plain line is the value, whatever it holds', () => {
  const { key, value } = parsePlain(bytes('a:b'))
  expect([key, text(value)]).toEqual([null, 'a:b'])
})

describe('a line with a key', () => {
  it.each([
    [':', 'k:v', 'k', 'v'],
    [':', 'k:v:w', 'k', 'v:w'],
    [':', ':v', '', 'v'],
    [':', 'k:', 'k', ''],
    ['=>', 'a=b=>c', 'a=b', 'c'],
    ['\t', 'k\tv', 'k', 'v'],
  ])('with %j cuts %j', (separator, line, key, value) => {
    const record = parseKeyed(separator)(bytes(line), 1)
    expect([text(record.key), text(record.value)]).toEqual([key, value])
  })

  it('needs its separator', () => {
    expect(() => parseKeyed('\t')(bytes('no key'), 7)).toThrow('line 7 has no "\\t" after its key')
  })
})

describe('a JSON line', () => {
  it.each([
    ['{"value":"v"}', { key: null, value: 'v' }],
    ['{"key":"k","value":null}', { key: 'k', value: null }],
    ['{"key":5,"value":{"a":[1]}}', { key: '5', value: '{"a":[1]}' }],
    ['{"value":"v","partition":2,"timestamp":3,"offset":9,"topic":"other"}', { key: null, value: 'v', partition: 2, timestamp: 3 }],
    ['{"value":"v","headers":[{"key":"h","value":null}]}', { key: null, value: 'v', headers: [{ key: 'h', value: null }] }],
  ])('%s is read', (line, record) => {
    expect(parseJson(bytes(line), 1)).toEqual(record)
  })

  it.each([
    ['{', 'line 4 is not valid JSON'],
    ['[]', 'line 4 is not a JSON object'],
    ['"text"', 'line 4 is not a JSON object'],
    ['{"key":"k"}', 'line 4 has no "value"'],
    ['{"valueBase64":"*"}', 'line 4: valueBase64 is not base64'],
    ['{"valueBase64":5}', 'line 4: valueBase64 is not base64'],
    ['{"value":"v","partition":"0"}', 'line 4: partition is not a whole number'],
    ['{"value":"v","timestamp":1.5}', 'line 4: timestamp is not a whole number'],
    ['{"value":"v","headers":{"h":"x"}}', 'line 4: headers are not a list'],
    ['{"value":"v","headers":[{"value":"x"}]}', 'line 4: a header has no "key"'],
  ])('%s is refused', (line, message) => {
    expect(() => parseJson(bytes(line), 4)).toThrow(message)
  })
})
