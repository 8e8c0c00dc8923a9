import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { KNOWN_LIMITS } from '../../scripts/known-limits.ts'
import { PAGE_PATH, renderProtocolSupport } from '../../scripts/render-protocol-support.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { DeferredHandler } from './deferred-handler.ts'
import { SERVED } from './registry.ts'

const ROOT = join(import.meta.dirname, '../../../..')

let broker: BrokerFixture

beforeAll(async () => {
  broker = await BrokerFixture.start()
})

afterAll(() => broker.close())

it('has one handler for each API, in the order of their keys', () => {
  const keys = broker.handlers.map(({ api }) => api.key)
  expect(keys).toEqual([...new Set(keys)].toSorted((left, right) => left - right))
})

it('serves no version that its messages do not have', () => {
  for (const { api, minVersion, minServedVersion, maxVersion } of broker.handlers) {
    expect(minVersion, api.name).toBeLessThanOrEqual(minServedVersion)
    expect(minServedVersion, api.name).toBeGreaterThanOrEqual(api.minVersion)
    expect(maxVersion, api.name).toBeLessThanOrEqual(api.maxVersion)
  }
})

it('serves of handlers that are loaded later what it advertised before', async () => {
  for (const [index, served] of SERVED.entries()) {
    if (!(served instanceof DeferredHandler)) continue
    const { handle: _, ...loaded } = (await served.load())(broker.services)
    expect(broker.handlers[index]).toMatchObject(loaded)
  }
})

it('is what the page about protocol support says', () => {
  expect(readFileSync(join(ROOT, PAGE_PATH), 'utf8')).toBe(renderProtocolSupport(broker.handlers))
})

it('serves every API that the page knows limits of', () => {
  const names = broker.handlers.map(({ api }) => api.name)
  expect(Object.keys(KNOWN_LIMITS).filter((name) => !names.includes(name))).toEqual([])
})
