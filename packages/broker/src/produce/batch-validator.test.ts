import { BrokerConfig, parseTopicConfig } from '@millrace/metadata'
import type { TopicConfig } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { crc32c, createCompression } from '@millrace/runtime'
import type { Compression } from '@millrace/runtime'
import { describe, expect, it } from 'vitest'
import { batchOf, incompressibleText } from '../testing/batches.ts'
import { settled } from '../testing/settled.ts'
import { StillClock } from '../testing/still-clock.ts'
import { BatchValidator } from './batch-validator.ts'

const VERSION = 12
const MIB = 1024 * 1024

function configOf(configs: Readonly<Record<string, string>> = {}): TopicConfig {
  const broker = new BrokerConfig({ fromFile: new Map(), allBrokers: new Map(), thisBroker: new Map() })
  return parseTopicConfig(new Map(Object.entries({ 'max.message.bytes': String(200 * MIB), ...configs })), broker)
}

/** A validator whose decompression off the loop ends when the test says so. */
class Scene {
  readonly config = configOf()
  /** What was begun, in order, each with the way to end it. */
  readonly begun: (() => void)[] = []
  readonly validator: BatchValidator
  #isRejecting = false

  constructor() {
    const real = createCompression()
    const compression: Compression = {
      ...real,
      decompressAsync: (type, bytes, maxBytes) =>
        new Promise((resolve, reject) => {
          this.begun.push(() => (this.#isRejecting ? reject(new Error('a bug')) : resolve(real.decompress(type, bytes, maxBytes))))
        }),
    }
    this.validator = new BatchValidator({ clock: new StillClock(), compression, crc32c })
  }

  rejectFromNowOn(): void {
    this.#isRejecting = true
  }
}

const LARGE = batchOf({ codec: 'gzip', records: [incompressibleText(100_000)] })

describe('batches that are checked off the loop', () => {
  it('are few at a time, and begun in the order in which they came', async () => {
    const scene = new Scene()
    const ended: number[] = []
    for (let index = 0; index < 5; index += 1) {
      expect(scene.validator.check(LARGE, scene.config, VERSION).type).toBe('later')
      void scene.validator.checkCompressed(LARGE, scene.config).then(() => ended.push(index))
    }
    await settled()
    expect(scene.begun).toHaveLength(2)
    for (let index = 0; index < 5; index += 1) {
      scene.begun[index]?.()
      await settled()
      expect(scene.begun).toHaveLength(Math.min(5, index + 3))
    }
    expect(ended).toEqual([0, 1, 2, 3, 4])
  })

  it('let the next begin also when one fails', async () => {
    const scene = new Scene()
    scene.rejectFromNowOn()
    const failures = [1, 2, 3].map(() => scene.validator.checkCompressed(LARGE, scene.config).catch((error: unknown) => error))
    for (let index = 0; index < 3; index += 1) {
      await settled()
      scene.begun[index]?.()
    }
    for (const failure of failures) expect(await failure).toEqual(new Error('a bug'))
  })

  it('are checked on the spot when too many bytes wait already', async () => {
    const scene = new Scene()
    const huge = batchOf({ codec: 'lz4', records: [{ key: null, value: noise(33 * MIB) }] })
    const first = scene.validator.checkCompressed(huge, scene.config)
    expect(scene.validator.check(huge, scene.config, VERSION).type).toBe('valid')
    expect(scene.validator.check(LARGE, scene.config, VERSION).type).toBe('later')
    scene.begun[0]?.()
    expect((await first) === huge).toBe(true)
    expect(scene.validator.check(huge, scene.config, VERSION).type).toBe('later')
  })
})

describe('the largest that a batch may become', () => {
  it('is a bound of ours, whatever the topic takes', async () => {
    const validator = new BatchValidator({ clock: new StillClock(), compression: createCompression(), crc32c })
    const bomb = batchOf({ codec: 'zstd', records: [{ key: null, value: new Uint8Array(130 * MIB) }] })
    const result = await validator.checkCompressed(bomb, configOf())
    expect(result).toMatchObject({ errorCode: ERROR_CODES.MESSAGE_TOO_LARGE, recordErrors: [] })
  })
})

/** Bytes that do not compress. */
function noise(length: number): Uint8Array {
  const words = new Uint32Array(length / 4)
  let state = 1
  for (let index = 0; index < words.length; index += 1) words[index] = state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return new Uint8Array(words.buffer)
}
