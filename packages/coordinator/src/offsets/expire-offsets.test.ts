import { ERROR_CODES } from '@millrace/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import type { GroupSettings } from '../group/settings.ts'
import { ClassicScene, type Membership } from '../testing/classic-scene.ts'

const HOUR_MS = 3_600_000
const SETTINGS: Partial<GroupSettings> = { offsetsRetentionMs: HOUR_MS, offsetsRetentionCheckIntervalMs: 60_000 }

let scene: ClassicScene

beforeEach(() => {
  scene = new ClassicScene(SETTINGS)
})

const hasOffset = (): boolean => scene.fetch() !== -1

describe('an offset expires', () => {
  it('by its age in a group of offsets only', () => {
    scene.commit()
    scene.advance(HOUR_MS / 2)
    scene.commit()
    scene.advance(HOUR_MS - 60_000)
    expect(hasOffset()).toBe(true)
    scene.advance(120_000)
    expect(hasOffset()).toBe(false)
    expect(scene.describeGroup().groupState).toBe('Dead')
  })

  it('when its group has been empty for long, however old it is, and the group with it', () => {
    const [only] = scene.stableGroup([{ sessionTimeoutMs: 1_800_000 }]) as [Membership]
    scene.commit(only)
    for (let passed = 0; passed < 6; passed += 1) {
      scene.advance(HOUR_MS / 3)
      scene.heartbeat(only)
    }
    expect(hasOffset()).toBe(true)
    scene.leave(only.memberId)
    scene.advance(HOUR_MS - 60_000)
    expect(hasOffset()).toBe(true)
    scene.advance(120_000)
    expect(hasOffset()).toBe(false)
    expect(scene.describeGroup().groupState).toBe('Dead')
    scene.failOver()
    expect(scene.describeGroup().groupState).toBe('Dead')
  })

  it('while its group has members that do not read the topic any more', () => {
    const [only] = scene.stableGroup([{ sessionTimeoutMs: 1_800_000, protocols: { range: ['invoices'] } }]) as [Membership]
    scene.commit(only)
    for (let passed = 0; passed < 4; passed += 1) {
      scene.heartbeat(only)
      scene.advance(HOUR_MS / 3)
    }
    expect(hasOffset()).toBe(false)
    expect(scene.heartbeat(only)).toBe(ERROR_CODES.NONE)
  })

  it('when the client said so', () => {
    scene.commit({ apiVersion: 4, retentionTimeMs: 600_000 })
    scene.failOver()
    scene.advance(540_000)
    expect(hasOffset()).toBe(true)
    scene.advance(120_000)
    expect(hasOffset()).toBe(false)
  })

  it('not while a transaction is open that has one for the partition', () => {
    scene.commit()
    scene.commitInTransaction(7, { offset: 9 })
    scene.advance(2 * HOUR_MS)
    expect(hasOffset()).toBe(true)
    scene.endTransaction(7, 'commit')
    expect(scene.fetch()).toBe(9)
    scene.advance(60_000)
    expect(hasOffset()).toBe(false)
  })

  it('in as many steps as it takes batches', () => {
    scene = new ClassicScene({ ...SETTINGS, maxBatchBytes: 2_000 })
    scene.addTopic('large', 100)
    for (let partition = 0; partition < 100; partition += 1) scene.commit({ topic: 'large', partition })
    scene.advance(HOUR_MS + 60_000)
    expect(scene.describeGroup().groupState).toBe('Dead')
  })
})

describe('a deleted topic', () => {
  it('takes its offsets along, those of open transactions too', () => {
    const { id } = scene.topics.get('orders') as { id: string }
    scene.commit()
    scene.commitInTransaction(7, { partition: 1 })
    scene.topics.delete('orders')
    scene.step({ type: 'topics-deleted', topics: [{ name: 'orders', id }], ...scene.time })
    scene.endTransaction(7, 'commit')
    scene.failOver()
    expect(scene.describeGroup().groupState).toBe('Dead')
  })

  it('leaves those of a topic of the same name that was made since', () => {
    scene.addTopic('orders', 3, 'BBBBBBBBBBBBBBBBBBBBBA')
    scene.commit()
    scene.step({ type: 'topics-deleted', topics: [{ name: 'orders', id: 'orders-was-another-idA' }], ...scene.time })
    expect(hasOffset()).toBe(true)
  })

  it('takes its offsets along in as many steps as it takes batches', () => {
    scene = new ClassicScene({ maxBatchBytes: 2_000 })
    const { id } = scene.addTopic('large', 100)
    for (let partition = 0; partition < 100; partition += 1) scene.commit({ topic: 'large', partition })
    scene.step({ type: 'topics-deleted', topics: [{ name: 'large', id }], ...scene.time })
    expect(scene.coordinator.state.offsets.has('g')).toBe(true)
    scene.advance(0)
    expect(scene.coordinator.state.offsets.has('g')).toBe(false)
  })
})
