/** Response frames of a real Apache Kafka 4.3.1: decoded, encoded again, compared byte for byte. */
import { readFileSync } from 'node:fs'
import { decodeResponse, encodeResponseFrame, joinChunks } from '@millrace/protocol'
import { EVERY_API } from '@millrace/protocol/every-api'
import { describe, expect, it } from 'vitest'

/** The probes have their frames without the size that goes before each. */
const SIZE_BYTES = 4

interface Probe {
  readonly title: string
  readonly api: string
  readonly version: number
  readonly hex: string
}

const lines = readFileSync(new URL('./wire-probes.txt', import.meta.url), 'utf8').split('\n')

function probes(): Probe[] {
  const found: Probe[] = []
  lines.forEach((title, index) => {
    const match = /^(\w+) v(\d+)\b/.exec(title)
    const hex = lines[index + 1] ?? ''
    if (match === null || !/^[0-9a-f]+$/.test(hex)) return
    // An ApiVersions request of an unknown version is answered in the form of version 0.
    const version = title.includes('(above max') ? 0 : Number(match[2])
    found.push({ title, api: match[1] as string, version, hex })
  })
  return found
}

describe('frames of a real broker', () => {
  it('are all here', () => {
    expect(probes().length).toBeGreaterThanOrEqual(25)
  })

  it.each(probes().map((probe) => [probe.title, probe] as const))('%s', (_, probe) => {
    const api = EVERY_API.find(({ name }) => name === probe.api)
    if (api === undefined) throw new Error(`no API ${probe.api}`)
    const frame = Uint8Array.from(Buffer.from(probe.hex, 'hex'))
    const { correlationId, body } = decodeResponse(api, probe.version, frame)
    expect(correlationId).toBe(7)
    const encoded = encodeResponseFrame(api, probe.version, correlationId, body)
    expect(Buffer.from(joinChunks(encoded)).subarray(SIZE_BYTES).toString('hex')).toBe(probe.hex)
  })
})
