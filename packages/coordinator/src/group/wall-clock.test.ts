/** The wall clock jumps, in either direction: nobody is missed earlier or later for that. */
import { ERROR_CODES } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { ClassicScene, SESSION_MS } from '../testing/classic-scene.ts'
import { converge, twoMembers } from '../testing/consumer-scene.ts'
import { DEFAULT_GROUP_SETTINGS } from './settings.ts'

const HOUR_MS = 3_600_000
const JUMPS = [
  ['ahead', HOUR_MS],
  ['back', -HOUR_MS],
] as const

describe.each(JUMPS)('when the wall clock jumps an hour %s', (_way, jumpMs) => {
  it('a member of a classic group that is gone is missed after its session, and no other one', () => {
    const scene = new ClassicScene()
    const [stays, goes] = scene.stableGroup([{}, {}])
    if (stays === undefined || goes === undefined) throw new Error('there are two')
    scene.wallClockAheadMs = jumpMs
    scene.advance(SESSION_MS - 1)
    expect(scene.heartbeat(stays)).toBe(ERROR_CODES.NONE)
    scene.advance(1)
    expect(scene.heartbeat(goes)).toBe(ERROR_CODES.UNKNOWN_MEMBER_ID)
    expect(scene.heartbeat(stays)).toBe(ERROR_CODES.REBALANCE_IN_PROGRESS)
  })

  it('members that join are waited for as long as was said', () => {
    const scene = new ClassicScene()
    const token = scene.sendJoin({ apiVersion: 3 })
    scene.wallClockAheadMs = jumpMs
    scene.advance(DEFAULT_GROUP_SETTINGS.initialRebalanceDelayMs - 1)
    expect(scene.joined(token)).toBeUndefined()
    scene.advance(1)
    expect(scene.joined(token)?.errorCode).toBe(ERROR_CODES.NONE)
  })

  it('a member of a consumer group that is gone is missed after its session, and no other one', () => {
    const { harness, first, second } = twoMembers()
    converge(first, second)
    second.heartbeat()
    harness.wallClockAheadMs = jumpMs
    harness.advance(DEFAULT_GROUP_SETTINGS.consumerSessionTimeoutMs - 1)
    expect(first.heartbeat()).toBe('NONE')
    harness.advance(1)
    expect(second.heartbeat()).toBe('UNKNOWN_MEMBER_ID')
    expect(first.heartbeat()).toBe('NONE')
    expect(first.has).toBe('orders:0,1,2,3')
  })
})
