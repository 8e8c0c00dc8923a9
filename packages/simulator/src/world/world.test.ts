/** What ends a run early, and why it says so. */
import { describe, expect, it } from 'vitest'
import { createNodeNetwork, invariant, nodeClock, nodeRandom } from '@millrace/runtime'
import { World } from './world.ts'

function world(): World {
  return new World({ seed: 1, network: { latencyMsMin: 0.1, latencyMsMax: 2, bytesPerMs: 10_000, chunkBytesMax: 100, windowBytes: 1_000 } })
}

function process(where: World): ReturnType<ReturnType<World['addHost']>['boot']> {
  return where
    .addHost({ name: 'node-1', address: '10.0.0.1', clock: { offsetMs: 0, speed: 1 }, disk: { latencyMsMin: 1, latencyMsMax: 2 } })
    .boot()
}

describe('a run ends', () => {
  it('when its script is done', async () => {
    const where = world()
    await where.run(() => where.sleep(60_000))
    expect([where.violation, where.scheduler.nowMs]).toEqual([null, 60_000])
  })

  it.each([
    ['the real time is read', () => nodeClock.now(), 'Date.now was used past its port'],
    ['a real timer is set', () => nodeClock.setTimer(5, () => undefined).cancel(), 'performance.now was used past its port'],
    ['real chance is drawn', () => Array.from({ length: 300 }, () => nodeRandom.uint32()), 'crypto.randomFillSync was used past its port'],
    [
      'a real socket is opened',
      () => void createNodeNetwork().listen({ host: '127.0.0.1', port: 0 }, () => undefined),
      'net.createServer was used',
    ],
  ])('when %s', async (_name, leak, message) => {
    const where = world()
    await where.run(async () => {
      leak()
      await where.sleep(1)
    })
    expect(where.violation).toMatchObject({ rule: 'leak' })
    expect(where.violation?.message).toContain(message)
  })

  it.each<readonly [string, (run: ReturnType<typeof process>) => void]>([
    ['throws in a timer', ({ runtime }) => void runtime.clock.setTimer(1, () => invariant(false, 'it is broken'))],
    ['leaves a rejection to nobody', () => void Promise.reject(new Error('it is broken'))],
    ['says that an invariant is broken', ({ runtime }) => runtime.logger.error('failed', { error: new TypeError('it is broken') })],
  ])('when a process %s', async (_name, act) => {
    const where = world()
    const running = process(where)
    await where.run(async () => {
      act(running)
      await where.sleep(100)
    })
    expect(where.violation?.message).toContain('it is broken')
  })

  it('when its script waits for what will never happen', async () => {
    const where = world()
    await where.run(() => new Promise(() => undefined))
    expect(where.violation?.message).toBe('nothing is left to happen, and the run is not over')
  })

  it('but not for what a process leaves behind that crashed in the middle of its turn', async () => {
    const where = world()
    const host = where.addHost({
      name: 'node-1',
      address: '10.0.0.1',
      clock: { offsetMs: 0, speed: 1 },
      disk: { latencyMsMin: 1, latencyMsMax: 2 },
    })
    const { runtime } = host.boot()
    await where.run(async () => {
      runtime.clock.setTimer(1, () => {
        host.crash('process')
        void Promise.reject(new Error('the last words'))
        runtime.clock.defer(() => undefined)
      })
      await where.sleep(100)
    })
    expect(where.violation).toBeNull()
  })
})
