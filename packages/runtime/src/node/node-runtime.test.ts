import { expect, it } from 'vitest'
import { createMemoryDisk } from '../memory/disk.ts'
import { createLogger, silentLogger } from './logger.ts'
import { createNodeRuntime } from './node-runtime.ts'

const bytes = new TextEncoder().encode('123456789')

it('opens every door', () => {
  const runtime = createNodeRuntime({ logger: silentLogger })
  expect(runtime.clock.now()).toBeGreaterThan(0)
  expect(runtime.random.bytes(4)).toHaveLength(4)
  expect(runtime.disk.stat('/')?.isDirectory).toBe(true)
  // The check value that the catalogue of CRCs gives for Castagnoli's polynomial.
  expect(runtime.crc32c(bytes)).toBe(0xe3069283)
  const packed = runtime.compression.compress('gzip', bytes)
  expect([...runtime.compression.decompress('gzip', packed, 100)]).toEqual([...bytes])
})

it('takes a disk and a logger, or how to make one', () => {
  const disk = createMemoryDisk()
  const logger = createLogger({ level: 'error' })
  expect(createNodeRuntime({ disk, logger })).toMatchObject({ disk, logger })
  expect(createNodeRuntime({ logger: { level: 'silent' } }).logger).toBe(silentLogger)
})
