/** What is true of a replica at any time (docs/spec/replica.md). */
import { invariant } from '@millrace/runtime'
import type { ReplicaState } from './state.ts'

/** What of a state its next one is compared with. */
export interface ReplicaMarks {
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly highWatermark: number
}

export function marksOf({ leaderEpoch, partitionEpoch, highWatermark }: ReplicaState): ReplicaMarks {
  return { leaderEpoch, partitionEpoch, highWatermark }
}

/** `wasCut`: the step had the log cut or begun anew. */
export function assertInvariants(before: ReplicaMarks, state: ReplicaState, wasCut: boolean): void {
  const { role, leaderEpoch, partitionEpoch, highWatermark } = state
  const marks = { leaderEpoch, partitionEpoch, highWatermark }
  invariant(leaderEpoch >= before.leaderEpoch, 'R1: the leader epoch never falls', marks)
  invariant(leaderEpoch > before.leaderEpoch || partitionEpoch >= before.partitionEpoch, 'R1: the partition epoch never falls', marks)
  invariant(wasCut || highWatermark >= before.highWatermark, 'R2: the high watermark never falls, unless the log is cut', marks)
  if (role.type !== 'leader') return
  invariant(role.ownOffset <= role.endOffset, 'R3: a leader counts no more than it has', marks)
  invariant(highWatermark <= role.endOffset, 'R3: the high watermark is within the log', marks)
  const { pending, followers } = role
  invariant(pending === null || pending.leaderEpoch === leaderEpoch, 'R4: a change of the ISR is asked for in the current epoch', marks)
  invariant(pending === null || pending.newIsr.includes(state.ownId), 'R4: a leader stays in its ISR', marks)
  invariant(!followers.has(state.ownId), 'R6: a leader does not follow itself', marks)
  for (const replicaId of followers.keys()) invariant(state.replicas.includes(replicaId), 'R6: followers are replicas', { replicaId })
}
