import { describe, expect, it } from 'vitest'
import { LAG_MS, ReplicaScene } from '../testing/replica-scene.ts'

interface Case {
  readonly name: string
  readonly minInsyncReplicas?: number
  readonly replicas?: readonly number[]
  readonly isr?: readonly number[]
  readonly highWatermark?: number
  readonly end: number
  /** What the leader itself counts; all of it without. */
  readonly own?: number
  /** How far replicas have fetched. */
  readonly fetched?: Readonly<Record<number, number>>
  readonly expected: number
}

describe('the high watermark', () => {
  it.each<Case>([
    { name: 'of a lone leader is its own end', replicas: [1], isr: [1], highWatermark: 3, end: 9, expected: 9 },
    { name: 'is bounded by what the leader itself counts', replicas: [1], isr: [1], highWatermark: 3, end: 9, own: 6, expected: 6 },
    { name: 'is the lowest end among the in-sync replicas', minInsyncReplicas: 2, end: 9, fetched: { 2: 5, 3: 7 }, expected: 5 },
    { name: 'waits for an in-sync replica that has not fetched yet', end: 9, fetched: { 2: 9 }, expected: 0 },
    { name: 'never retreats', highWatermark: 6, end: 9, fetched: { 2: 5, 3: 9 }, expected: 6 },
    {
      name: 'stands still below min.insync.replicas',
      minInsyncReplicas: 2,
      isr: [1],
      highWatermark: 3,
      end: 9,
      expected: 3,
    },
    {
      name: 'asks for no more replicas than there are',
      minInsyncReplicas: 2,
      replicas: [1],
      isr: [1],
      highWatermark: 3,
      end: 9,
      expected: 9,
    },
    { name: 'does not wait for a replica that never caught up', isr: [1, 2], end: 9, fetched: { 2: 9, 3: 1 }, expected: 9 },
  ])(
    '$name',
    ({ minInsyncReplicas = 1, replicas = [1, 2, 3], isr = replicas, highWatermark = 0, end, own = end, fetched = {}, expected }) => {
      const scene = new ReplicaScene({
        assignment: { replicas, isr },
        settings: { minInsyncReplicas },
        highWatermark,
        endOffset: highWatermark,
      })
      scene.append(end, own)
      for (const [replicaId, offset] of Object.entries(fetched)) scene.fetch(Number(replicaId), offset)
      expect(scene.state.highWatermark).toBe(expected)
    },
  )

  it('waits for a replica that is about to join, so that it can', () => {
    const scene = new ReplicaScene({ assignment: { isr: [1] }, endOffset: 5, highWatermark: 5 })
    // It cannot join as long as it is behind the high watermark, and the high watermark runs on while it is not waited for.
    scene.fetch(2, 3)
    scene.append(8)
    expect(scene.state.highWatermark).toBe(8)
    scene.fetch(2, 8)
    expect(scene.leader.pending).toMatchObject({ newIsr: [1, 2] })
    scene.append(10)
    expect(scene.state.highWatermark).toBe(8)
    scene.fetch(2, 10)
    expect(scene.state.highWatermark).toBe(10)
  })

  it('waits no longer for one that is not heard of, is fenced, or is another life of its broker', () => {
    const withOneAboutToJoin = (): ReplicaScene => {
      const scene = new ReplicaScene({ assignment: { isr: [1] } })
      scene.fetch(2, 0)
      scene.answer(107)
      scene.append(4)
      expect(scene.state.highWatermark).toBe(0)
      return scene
    }
    const silent = withOneAboutToJoin()
    silent.pass(LAG_MS + 1)
    expect(silent.state.highWatermark).toBe(4)
    const fenced = withOneAboutToJoin()
    fenced.setBrokers(new Map([[1, 11]]))
    expect(fenced.state.highWatermark).toBe(4)
    const reborn = withOneAboutToJoin()
    reborn.setBrokers(
      new Map([
        [1, 11],
        [2, 22],
      ]),
    )
    expect(reborn.state.highWatermark).toBe(4)
  })

  it('moves with the old ISR as long as a shrink of it is not decided', () => {
    const scene = new ReplicaScene({ settings: { minInsyncReplicas: 2 } })
    scene.append(5)
    scene.fetch(2, 5)
    scene.nowMs += LAG_MS
    scene.fetch(2, 5)
    scene.pass(1)
    expect(scene.leader.pending).toMatchObject({ newIsr: [1, 2] })
    expect(scene.state.highWatermark).toBe(0)
    scene.answer(0)
    expect(scene.state.highWatermark).toBe(5)
  })

  it('stands still when the ISR that was decided is below the minimum', () => {
    const scene = new ReplicaScene({ settings: { minInsyncReplicas: 2 } })
    scene.append(5)
    scene.pass(LAG_MS + 1)
    scene.answer(0)
    expect(scene.state.isr).toEqual([1])
    scene.append(6)
    expect(scene.state.highWatermark).toBe(0)
  })
})
