/** What is true of a broker's life at any time (docs/spec/broker-lifecycle.md). */
import { invariant } from '@millrace/runtime'
import { isFinished, type LifecycleState } from './state.ts'

export function assertInvariants(before: LifecycleState, after: LifecycleState): void {
  const { phase, isServing } = after
  const mayServe = phase === 'serving' || phase === 'shutting-down' || phase === 'stopped'
  invariant(!isServing || mayServe, 'L1: a broker serves only while serving, shutting down or stopped', { phase })
  invariant(phase !== 'serving' || isServing, 'L1: a serving broker serves', { phase })
  invariant(after.brokerEpoch >= before.brokerEpoch, 'L2: the broker epoch never falls', {
    before: before.brokerEpoch,
    after: after.brokerEpoch,
  })
  const asks = phase !== 'new' && !isFinished(after)
  invariant(asks === (after.call !== null || after.nextCallMs !== null), 'L3: a broker that is not finished has something to ask', {
    phase,
  })
  invariant(after.call === null || after.nextCallMs === null, 'L3: one call at a time', { phase })
  const needsEpoch = asks && phase !== 'registering'
  invariant(!needsEpoch || after.brokerEpoch >= 0, 'L4: only a registered broker sends heartbeats', { phase })
  invariant(!isFinished(before) || after === before, 'L5: the end is final', { before: before.phase, phase })
  invariant((phase === 'failed') === (after.failure !== null && isFinished(after)), 'L6: a failure says why', { phase })
}
