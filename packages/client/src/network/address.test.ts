import { describe, expect, it } from 'vitest'
import { formatAddress, parseAddress } from './address.ts'

describe('a broker address', () => {
  it.each([
    ['localhost:9093', { host: 'localhost', port: 9093 }],
    [' 127.0.0.1:1 ', { host: '127.0.0.1', port: 1 }],
    ['kafka.example.org', { host: 'kafka.example.org', port: 9092 }],
    ['[::1]:65535', { host: '::1', port: 65535 }],
    ['[fe80::1]', { host: 'fe80::1', port: 9092 }],
  ])('%s is read', (text, address) => {
    expect(parseAddress(text)).toEqual(address)
  })

  it.each(['', ':9092', 'host:', 'host:0', 'host:65536', 'host:123456', 'host:x', '::1', 'http://host:9092', 'a b:1', '[::1'])(
    '"%s" is refused with what to write instead',
    (text) => {
      expect(() => parseAddress(text)).toThrow(
        expect.objectContaining({ code: 'ERR_CLIENT_INVALID_ARGUMENT', message: expect.stringContaining('host:port') }),
      )
    },
  )

  it.each(['localhost:9092', '[::1]:9092'])('%s is written as it is read', (text) => {
    expect(formatAddress(parseAddress(text))).toBe(text)
  })
})
