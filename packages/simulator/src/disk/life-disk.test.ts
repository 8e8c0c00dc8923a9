/** What a process of the simulator sees of its disk, and what the next one finds. */
import { describe, expect, it } from 'vitest'
import { World } from '../world/world.ts'
import type { Host } from '../world/host.ts'

const NETWORK = { latencyMsMin: 0.1, latencyMsMax: 2, bytesPerMs: 10_000, chunkBytesMax: 100, windowBytes: 1_000 }

function machine(seed = 1): { readonly world: World; readonly host: Host } {
  const world = new World({ seed, network: NETWORK })
  return {
    world,
    host: world.addHost({
      name: 'node-1',
      address: '10.0.0.1',
      clock: { offsetMs: 0, speed: 1 },
      disk: { latencyMsMin: 1, latencyMsMax: 2 },
    }),
  }
}

async function simulated(world: World, script: () => Promise<void>): Promise<void> {
  await world.run(script)
  expect(world.violation).toBeNull()
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (content: Uint8Array): string => new TextDecoder().decode(content)

describe('the end of a process', () => {
  it('leaves what was written, but for a cut of the power', async () => {
    const { world, host } = machine()
    await simulated(world, async () => {
      const { disk } = host.boot().runtime
      const file = disk.open('/file', { create: true })
      file.writeSync([bytes('kept')], 0)
      await file.sync()
      await disk.syncDirectory('/')
      file.writeSync([bytes(', perhaps')], 4)
      host.crash('process')
      expect(textOf(host.boot().runtime.disk.readFile('/file'))).toBe('kept, perhaps')
      host.crash('power')
      expect(textOf(host.boot().runtime.disk.readFile('/file')).slice(0, 4)).toBe('kept')
    })
  })

  it('frees its locks, and nothing of it reaches the disk any more', async () => {
    const { world, host } = machine()
    await simulated(world, async () => {
      const { disk } = host.boot().runtime
      disk.lock('/lock')
      expect(() => disk.lock('/lock')).toThrow('is locked by this process')
      const file = disk.open('/file', { create: true })
      let isAnswered = false
      void disk.replaceFile('/other', bytes('new')).then(() => (isAnswered = true))
      host.crash('process')
      expect(() => file.writeSync([bytes('late')], 0)).toThrow('has crashed')
      await world.sleep(100)
      const again = host.boot().runtime.disk
      again.lock('/lock')
      expect([isAnswered, again.stat('/other'), again.readFile('/file').length]).toEqual([false, null, 0])
    })
  })

  it('comes in the middle of an operation where a crash point says so', async () => {
    const found = new Map<boolean, string>()
    for (const isAfter of [true, false]) {
      const { world, host } = machine()
      await simulated(world, async () => {
        const { disk } = host.boot().runtime
        host.disk.setCrashPoint({ operation: 'write', path: 'file', count: 2, isAfter, crash: () => host.crash('process') })
        disk.open('/other', { create: true }).writeSync([bytes('another')], 0)
        const file = disk.open('/file', { create: true })
        file.writeSync([bytes('a')], 0)
        expect(() => file.writeSync([bytes('b')], 1)).toThrow('has crashed')
        found.set(isAfter, textOf(host.boot().runtime.disk.readFile('/file')))
      })
    }
    expect(found).toEqual(
      new Map([
        [true, 'ab'],
        [false, 'a'],
      ]),
    )
  })
})

describe('a device', () => {
  it('takes its time, and more when it stalls', async () => {
    const { world, host } = machine()
    await simulated(world, async () => {
      const file = host.boot().runtime.disk.open('/file', { create: true })
      const startedMs = world.scheduler.nowMs
      await file.sync()
      expect(world.scheduler.nowMs - startedMs).toBeGreaterThanOrEqual(1)
      host.disk.stall(3_000)
      await file.sync()
      expect(world.scheduler.nowMs - startedMs).toBeGreaterThanOrEqual(3_000)
    })
  })

  it('takes long over some files alone where it is told so', async () => {
    const { world, host } = machine()
    await simulated(world, async () => {
      const { disk } = host.boot().runtime
      host.disk.stall(3_000, '.log')
      const startedMs = world.scheduler.nowMs
      await disk.replaceFile('/checkpoint', bytes('1'))
      expect(world.scheduler.nowMs - startedMs).toBeLessThan(10)
      await disk.open('/0.log', { create: true }).sync()
      expect(world.scheduler.nowMs - startedMs).toBeGreaterThanOrEqual(3_000)
    })
  })

  it('fills up, fails and rots when it is asked to, and is as new when faults end', async () => {
    const { world, host } = machine()
    await simulated(world, async () => {
      const { disk } = host.boot().runtime
      const file = disk.open('/file', { create: true })
      file.writeSync([bytes('abc')], 0)
      host.disk.fill(1)
      expect(() => file.writeSync([bytes('defg')], 3)).toThrow(expect.objectContaining({ code: 'ERR_DISK_FULL' }))
      let met = 0
      host.disk.failNext('read', 'file', () => (met += 1))
      expect(() => disk.readFile('/file')).toThrow(expect.objectContaining({ code: 'ERR_DISK_FAILED' }))
      expect([host.disk.flipBit('/f*e', 0), host.disk.flipBit('/e*f', 0)]).toEqual([true, false])
      expect(met).toBe(1)
      host.disk.failNext('sync', 'file', () => (met += 1))
      host.disk.endFaults()
      await file.sync()
      const content = disk.readFile('/file')
      expect([met, content.length, textOf(content.subarray(1, 3))]).toEqual([1, 4, 'bc'])
      expect(content[0]).not.toBe(97)
    })
  })
})
