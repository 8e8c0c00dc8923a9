/** What a replica makes of what happens, cell by cell and in the stories that other systems told of lost records. */
import { ERROR_CODES } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { LAG_MS, ReplicaScene, SETTINGS } from '../testing/replica-scene.ts'
import { type Expected, ROLES, SITUATIONS, type Situation, TRANSITIONS } from './transition-table.ts'

describe('the transition table', () => {
  const cells = (Object.keys(SITUATIONS) as Situation[]).flatMap((situation) =>
    ROLES.map((role): [Situation, (typeof ROLES)[number], Expected] => [situation, role, TRANSITIONS[situation][role]]),
  )

  it.each(cells)('%s, as %s: %s', (situation, role, expected) => {
    const leader = { leader: 1, follower: 2, none: -1 }[role]
    const scene = new ReplicaScene({ assignment: { leader, isr: [1, 2] }, endOffset: 10, highWatermark: 5 })
    const effects = SITUATIONS[situation](scene)
    const [toRole, ...wanted] = expected.split(' ')
    expect([scene.state.role.type, ...effects.map(({ type }) => type).filter((type) => type !== 'report')]).toEqual([toRole, ...wanted])
  })
})

describe('a leader', () => {
  it('keeps its high watermark and begins its epoch where its log ends', () => {
    const scene = new ReplicaScene({ assignment: { leader: 2, isr: [1, 2] }, endOffset: 10, highWatermark: 4 })
    expect(scene.assign({ leader: 1, leaderEpoch: 6, partitionEpoch: 8 })).toEqual([
      { type: 'begin-leading', leaderEpoch: 6, startOffset: 10 },
    ])
    expect(scene.state.highWatermark).toBe(4)
    expect(scene.leader.epochStartOffset).toBe(10)
  })

  it('forgets how far followers were when a new epoch begins', () => {
    const scene = new ReplicaScene({ assignment: { isr: [1, 2] }, endOffset: 10 })
    scene.fetch(2, 10)
    expect(scene.state.highWatermark).toBe(10)
    scene.assign({ leaderEpoch: 6, partitionEpoch: 8 })
    scene.append(12)
    expect(scene.leader.followers.get(2)?.fetchOffset).toBe(-1)
    expect(scene.state.highWatermark).toBe(10)
  })

  it('ignores metadata that is older than what the controller answered it', () => {
    const scene = new ReplicaScene({ assignment: { isr: [1, 2] }, endOffset: 10 })
    scene.fetch(3, 10)
    scene.answer(ERROR_CODES.NONE)
    expect(scene.state).toMatchObject({ isr: [1, 2, 3], partitionEpoch: 8 })
    scene.assign({ partitionEpoch: 7, isr: [1, 2] })
    expect(scene.state.isr).toEqual([1, 2, 3])
  })

  it.each([
    { name: 'behind the high watermark', fetchOffset: 4, joins: false },
    { name: 'at the high watermark, behind the start of the epoch', fetchOffset: 5, joins: false },
    { name: 'at the start of the epoch', fetchOffset: 10, joins: true },
  ])('asks for a replica $name to join: $joins', ({ fetchOffset, joins }) => {
    const scene = new ReplicaScene({ assignment: { isr: [1, 2] }, endOffset: 10, highWatermark: 5 })
    scene.fetch(3, fetchOffset)
    expect(scene.leader.pending?.newIsr ?? null).toEqual(joins ? [1, 2, 3] : null)
  })

  it('does not ask for a replica that lacks what this very leader has committed', () => {
    const scene = new ReplicaScene({ assignment: { isr: [1] }, endOffset: 3 })
    scene.append(10)
    scene.fetch(3, 7)
    expect(scene.leader.pending).toBeNull()
    scene.fetch(3, 10)
    expect(scene.leader.pending).toMatchObject({ newIsr: [1, 3] })
  })

  it('does not ask for a replica whose broker is fenced or about to stop, until it is neither', () => {
    const scene = new ReplicaScene({ assignment: { isr: [1, 2] }, brokers: new Map([[1, 11]]) })
    scene.fetch(3, 0)
    expect(scene.leader.pending).toBeNull()
    scene.setBrokers(
      new Map([
        [1, 11],
        [3, 13],
      ]),
    )
    scene.fetch(3, 0)
    expect(scene.leader.pending).toMatchObject({ newIsr: [1, 2, 3] })
  })

  it('asks for one change at a time, and for the next after it is answered', () => {
    const scene = new ReplicaScene({ assignment: { isr: [1] } })
    expect(scene.fetch(2, 0)).toContainEqual({ type: 'alter-isr' })
    expect(scene.fetch(3, 0)).not.toContainEqual({ type: 'alter-isr' })
    scene.answer(ERROR_CODES.NONE)
    expect(scene.fetch(3, 0)).toContainEqual({ type: 'alter-isr' })
    expect(scene.leader.pending).toEqual({ newIsr: [1, 2, 3], leaderEpoch: 5, partitionEpoch: 8 })
  })

  it('counts on a replica that may have joined for as long as nobody said that it has not', () => {
    const scene = new ReplicaScene({ assignment: { isr: [1] }, endOffset: 5 })
    scene.fetch(2, 5)
    scene.answer(ERROR_CODES.INVALID_UPDATE_VERSION)
    scene.nowMs += 2 * LAG_MS
    scene.append(9)
    expect(scene.state.highWatermark).toBe(5)
    scene.assign({ partitionEpoch: 9, isr: [1] })
    expect(scene.state.highWatermark).toBe(9)
  })

  it('pauses after a refusal, and asks again', () => {
    const scene = new ReplicaScene({ assignment: { isr: [1, 2] } })
    scene.fetch(3, 0)
    scene.answer(ERROR_CODES.INELIGIBLE_REPLICA)
    scene.fetch(3, 0)
    expect(scene.leader.pending).toBeNull()
    scene.nowMs += 1_000
    scene.fetch(3, 0)
    expect(scene.leader.pending).toMatchObject({ newIsr: [1, 2, 3] })
  })

  it('takes from the ISR who has not caught up for too long, and nobody who has', () => {
    const scene = new ReplicaScene({ endOffset: 3 })
    scene.append(5)
    for (let ms = 0; ms < LAG_MS; ms += LAG_MS / 4) {
      scene.pass(LAG_MS / 4)
      // One is up to date each time, the other always has what there was when it last asked.
      scene.append(scene.endOffset + 10)
      scene.fetch(2, scene.endOffset)
      scene.fetch(3, scene.endOffset - 10)
    }
    scene.pass(LAG_MS / 2)
    expect(scene.leader.pending).toBeNull()
    scene.append(scene.endOffset + 10)
    scene.pass(LAG_MS + 1)
    expect(scene.leader.pending).toMatchObject({ newIsr: [1] })
  })

  it('keeps who has everything, however long nothing was written', () => {
    const scene = new ReplicaScene({ endOffset: 3 })
    scene.fetch(2, 3)
    scene.fetch(3, 3)
    scene.pass(100 * LAG_MS)
    expect(scene.leader.pending).toBeNull()
  })
})

describe('a broker that lost its disk', () => {
  it('does not come into the ISR by what an earlier life of it had (KIP-903)', () => {
    const scene = new ReplicaScene({ assignment: { isr: [1, 2] }, endOffset: 10, highWatermark: 10 })
    scene.fetch(3, 10)
    // The request is on its way when broker 3 dies, and comes back with an empty disk.
    expect(scene.leader.followers.get(3)?.brokerEpoch).toBe(13)
    scene.answer(ERROR_CODES.INELIGIBLE_REPLICA)
    scene.setBrokers(
      new Map([
        [1, 11],
        [2, 12],
        [3, 99],
      ]),
    )
    scene.nowMs += 5_000
    scene.pass(0)
    expect(scene.leader.pending).toBeNull()
    scene.fetch(3, 0, 99)
    expect(scene.leader.pending).toBeNull()
    // What the earlier life had sent and comes late says nothing of this one.
    scene.fetch(3, 10, 13)
    expect(scene.leader.pending).toBeNull()
    expect(scene.leader.followers.get(3)).toMatchObject({ fetchOffset: 0, brokerEpoch: 99 })
  })
})

function follower(over: ConstructorParameters<typeof ReplicaScene>[0] = {}): ReplicaScene {
  return new ReplicaScene({ endOffset: 10, highWatermark: 6, ...over, assignment: { leader: 2, ...over.assignment } })
}

describe('a follower', () => {
  it('cuts its log by epochs and not by its high watermark (KIP-101, KIP-279)', () => {
    const scene = follower({ highWatermark: 4 })
    // Of epoch 3 the leader has less than this log, and this log has less of it than its own next epoch makes it look.
    const own = { ownEnd: { epoch: 3, endOffset: 8 } }
    expect(scene.leaderAnswers({ ...own, divergingEpoch: { epoch: 3, endOffset: 7 } })).toEqual([{ type: 'truncate', offset: 7 }])
    expect(scene.leaderAnswers({ ...own, divergingEpoch: { epoch: 3, endOffset: 9 } })).toEqual([{ type: 'truncate', offset: 8 }])
    // Nothing is cut at 4, where its high watermark is: the records between may be committed.
    expect(scene.leaderAnswers()).toEqual([{ type: 'append' }])
  })

  it('goes back epoch by epoch where the leader names one that it never had', () => {
    const scene = follower()
    const effects = scene.leaderAnswers({ divergingEpoch: { epoch: 4, endOffset: 9 }, ownEnd: { epoch: 2, endOffset: 7 } })
    expect(effects).toEqual([{ type: 'truncate', offset: 7 }])
  })

  it('refuses to give up what was committed to disks, stands still, and says so (KAFKA-12460)', () => {
    const scene = follower()
    const effects = scene.leaderAnswers({ divergingEpoch: { epoch: 3, endOffset: 5 }, ownEnd: { epoch: 3, endOffset: 10 } })
    expect(effects).toMatchObject([{ type: 'report', level: 'error', fields: { offset: 5, highWatermark: 6 } }, { type: 'wait' }])
    expect(scene.leaderAnswers({ hasRecords: true })).toEqual([{ type: 'wait' }])
    expect(scene.state.highWatermark).toBe(6)
    scene.assign({ leader: 3, leaderEpoch: 6, partitionEpoch: 8 })
    expect(scene.leaderAnswers()).toEqual([{ type: 'append' }])
  })

  it.each([
    ['of a topic that is only replicated', { ...SETTINGS, isFsync: false }, 'recovered'],
    ['of a topic that accepts unclean leaders', { ...SETTINGS, isUncleanAllowed: true }, 'recovered'],
    ['behind a leader that was elected uncleanly', SETTINGS, 'recovering'],
  ] as const)('%s gives it up, and says so', (_, settings, recoveryState) => {
    const scene = follower({ settings, assignment: { recoveryState } })
    const effects = scene.leaderAnswers({ divergingEpoch: { epoch: 3, endOffset: 5 }, ownEnd: { epoch: 3, endOffset: 10 } })
    expect(effects).toMatchObject([
      { type: 'report', level: 'error' },
      { type: 'truncate', offset: 5 },
    ])
    expect(scene.state.highWatermark).toBe(5)
  })

  it('does nothing with an answer of another epoch than the one it is in (KAFKA-18723)', () => {
    const scene = follower()
    expect(scene.leaderAnswers({ askedEpoch: 4, hasRecords: true })).toEqual([])
    expect(scene.leaderAnswers({ askedEpoch: 4, divergingEpoch: { epoch: 1, endOffset: 0 } })).toEqual([])
    scene.assign({ leader: 1, leaderEpoch: 6, partitionEpoch: 8 })
    expect(scene.leaderAnswers({ askedEpoch: 6, hasRecords: true })).toEqual([])
  })

  it('does not believe a leader that knows no epoch at all', () => {
    const effects = follower().leaderAnswers({ divergingEpoch: { epoch: -1, endOffset: -1 } })
    expect(effects).toMatchObject([{ type: 'report', level: 'error' }, { type: 'wait' }])
  })

  it.each([
    { name: 'ends below the start of its leader', own: [0, 10], leader: { logStartOffset: 15, highWatermark: 20 }, expected: 'reset 15' },
    { name: 'is empty above the end of its leader', own: [30, 30], leader: { logStartOffset: 5, highWatermark: 20 }, expected: 'reset 5' },
    { name: 'is told nothing', own: [0, 10], leader: { logStartOffset: -1, highWatermark: -1 }, expected: 'wait' },
    { name: 'holds more that was committed', own: [0, 10], leader: { logStartOffset: 0, highWatermark: 3 }, expected: 'wait' },
  ])('out of range that $name: $expected', ({ own: [ownLogStartOffset = 0, ownEndOffset = 0], leader, expected }) => {
    const scene = follower()
    const effects = scene.leaderAnswers({ errorCode: ERROR_CODES.OFFSET_OUT_OF_RANGE, ownLogStartOffset, ownEndOffset, ...leader })
    const done = effects.filter(({ type }) => type !== 'report')
    expect(done.map((effect) => ('offset' in effect ? `${effect.type} ${effect.offset}` : effect.type))).toEqual([expected])
  })

  it('takes the high watermark of its leader as far as it has the records, and its start', () => {
    const scene = follower()
    const appended = (endOffset: number, leaderHighWatermark: number, leaderLogStartOffset = 0) =>
      scene.step({ type: 'follower-appended', askedEpoch: 5, endOffset, logStartOffset: 0, leaderHighWatermark, leaderLogStartOffset })
    expect(appended(10, 20)).toEqual([{ type: 'move-high-watermark', offset: 10 }])
    expect(appended(10, 8)).toEqual([])
    expect(appended(15, 12, 11)).toEqual([
      { type: 'move-high-watermark', offset: 12 },
      { type: 'move-log-start', offset: 11 },
    ])
  })
})
