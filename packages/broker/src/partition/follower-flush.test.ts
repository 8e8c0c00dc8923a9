import { describe, expect, it } from 'vitest'
import { settled } from '../testing/settled.ts'
import { FollowerFlush } from './follower-flush.ts'

function scene(flush: () => Promise<void>) {
  const told: string[] = []
  const log = { durableEndOffset: 5, logEndOffset: 8, flushes: 0, flush: () => ((log.flushes += 1), flush()) }
  const followerFlush = new FollowerFlush((error) => told.push(error === null ? 'flushed' : `failed: ${String(error)}`))
  return { told, log, followerFlush }
}

describe('a replica that begins to follow', () => {
  it('asks for nothing before what it wrote as a leader is on the device', async () => {
    const { told, log, followerFlush } = scene(() => {
      log.durableEndOffset = 8
      return Promise.resolve()
    })
    expect([followerFlush.isDone(log), followerFlush.isDone(log), log.flushes]).toEqual([false, true, 1])
    await settled()
    expect(told).toEqual(['flushed'])
  })

  it('flushes once, however often it is asked meanwhile', async () => {
    let end: () => void = () => {}
    const { told, log, followerFlush } = scene(() => new Promise((resolve) => (end = resolve)))
    for (let time = 0; time < 3; time += 1) expect(followerFlush.isDone(log)).toBe(false)
    expect(log.flushes).toBe(1)
    log.durableEndOffset = 8
    end()
    await settled()
    expect([told, followerFlush.isDone(log)]).toEqual([['flushed'], true])
  })

  it('says that it could not be flushed', async () => {
    const { told, log, followerFlush } = scene(() => Promise.reject(new Error('EIO')))
    expect(followerFlush.isDone(log)).toBe(false)
    await settled()
    expect(told).toEqual(['failed: Error: EIO'])
  })
})
