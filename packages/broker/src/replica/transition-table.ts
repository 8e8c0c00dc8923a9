/**
 * Where each situation leads from each role, as docs/spec/replica.md has it: the role it ends in, then what is to be done. The compiler
 * finds the hole where a situation or a role is added.
 */
import { ERROR_CODES } from '@millrace/protocol'
import type { ReplicaScene } from '../testing/replica-scene.ts'
import type { ReplicaEffect } from './effects.ts'

export const ROLES = ['leader', 'follower', 'none'] as const
export type Role = (typeof ROLES)[number]
/** The role, and the types of the effects in their order; what is only reported is left out. */
export type Expected = `${Role}${string}`

type Happening = (scene: ReplicaScene) => readonly ReplicaEffect[]

const later = { leaderEpoch: 6, partitionEpoch: 8 }

/** In epoch 5 of replicas 1, 2 and 3, with 1 (this one) and 2 in sync; the log ends at 10, and 5 is the high watermark. */
export const SITUATIONS = {
  'the same metadata again': (scene) => scene.assign(),
  'an older epoch': (scene) => scene.assign({ leader: 3, leaderEpoch: 4 }),
  'led here from a later epoch on': (scene) => scene.assign({ leader: 1, ...later }),
  'led elsewhere from a later epoch on': (scene) => scene.assign({ leader: 2, ...later }),
  'led by nobody from a later epoch on': (scene) => scene.assign({ leader: -1, ...later }),
  'led elsewhere, and no replica any more': (scene) => scene.assign({ leader: 2, replicas: [2, 3], isr: [2], ...later }),
  'another ISR in the same epoch': (scene) => scene.assign({ isr: [1], partitionEpoch: 8 }),
  'the log moved': (scene) => scene.append(12),
  'the last in-sync replica fetched': (scene) => scene.fetch(2, 10),
  'a replica fetched that could join': (scene) => scene.fetch(3, 10),
  'a broker fetched that has no replica': (scene) => scene.fetch(9, 10),
  'brokers came': (scene) => scene.setBrokers(scene.brokers),
  'a long time passed': (scene) => scene.pass(60_000),
  'the leader sent records': (scene) => scene.leaderAnswers({ hasRecords: true }),
  'the leader sent an error': (scene) => scene.leaderAnswers({ errorCode: ERROR_CODES.NOT_LEADER_OR_FOLLOWER }),
  'the leader diverges above the high watermark': (scene) =>
    scene.leaderAnswers({ divergingEpoch: { epoch: 4, endOffset: 8 }, ownEnd: { epoch: 4, endOffset: 9 } }),
  'the leader diverges below the high watermark': (scene) =>
    scene.leaderAnswers({ divergingEpoch: { epoch: 4, endOffset: 3 }, ownEnd: { epoch: 4, endOffset: 9 } }),
  'the leader begins above the end': (scene) => scene.leaderAnswers({ logStartOffset: 11 }),
  'records are in the log': (scene) => {
    const ends = { endOffset: 10, logStartOffset: 0, leaderHighWatermark: 9, leaderLogStartOffset: 4 }
    return scene.step({ type: 'follower-appended', askedEpoch: 5, ...ends })
  },
} as const satisfies Readonly<Record<string, Happening>>

export type Situation = keyof typeof SITUATIONS

export const TRANSITIONS: Readonly<Record<Situation, Readonly<Record<Role, Expected>>>> = {
  'the same metadata again': row('leader', 'follower', 'none'),
  'an older epoch': row('leader', 'follower', 'none'),
  'led here from a later epoch on': row('leader begin-leading', 'leader begin-leading', 'leader begin-leading'),
  'led elsewhere from a later epoch on': row('follower stop-leading', 'follower', 'follower'),
  'led by nobody from a later epoch on': row('none stop-leading', 'none', 'none'),
  'led elsewhere, and no replica any more': row('none stop-leading', 'none', 'none'),
  'another ISR in the same epoch': row('leader move-high-watermark', 'follower', 'none'),
  'the log moved': row('leader', 'follower', 'none'),
  'the last in-sync replica fetched': row('leader move-high-watermark', 'follower', 'none'),
  'a replica fetched that could join': row('leader alter-isr', 'follower', 'none'),
  'a broker fetched that has no replica': row('leader', 'follower', 'none'),
  'brokers came': row('leader', 'follower', 'none'),
  'a long time passed': row('leader alter-isr', 'follower', 'none'),
  'the leader sent records': row('leader', 'follower append', 'none'),
  'the leader sent an error': row('leader', 'follower wait', 'none'),
  'the leader diverges above the high watermark': row('leader', 'follower truncate', 'none'),
  'the leader diverges below the high watermark': row('leader', 'follower wait', 'none'),
  'the leader begins above the end': row('leader', 'follower reset', 'none'),
  'records are in the log': row('leader', 'follower move-high-watermark move-log-start', 'none'),
}

function row(leader: Expected, follower: Expected, none: Expected): Readonly<Record<Role, Expected>> {
  return { leader, follower, none }
}
