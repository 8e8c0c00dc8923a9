import { expect, it } from 'vitest'
import { type Candidates, chooseLeader } from './choose-leader.ts'

const HEALTHY: Candidates = {
  replicas: [1, 2, 3],
  isr: [1, 2, 3],
  elr: [],
  leader: 2,
  lastKnownLeader: -1,
  mayLead: () => true,
  allowsUncleanElection: false,
  prefersFirst: false,
}

const only =
  (...ids: number[]) =>
  (id: number) =>
    ids.includes(id)

it.each<[string, Partial<Candidates>, number, string]>([
  ['the leader that there is stays', {}, 2, 'continuity'],
  ['and stays though the preferred one could', { isr: [2, 1] }, 2, 'continuity'],
  ['the preferred one when asked for', { prefersFirst: true }, 1, 'preference'],
  ['but not when it is not in sync', { prefersFirst: true, isr: [2, 3] }, 2, 'continuity'],
  ['and not when it may not lead', { prefersFirst: true, mayLead: only(2, 3) }, 2, 'continuity'],
  ['the first in sync when the leader is gone', { mayLead: only(1, 3) }, 1, 'isr'],
  ['in the order of assignment, not of the ISR', { replicas: [3, 1, 2], isr: [1, 3], leader: -1 }, 3, 'isr'],
  ['nobody outside the ISR while it has members', { isr: [2], elr: [3], mayLead: only(3) }, -1, 'nobody'],
  ['the first eligible when the ISR is empty', { isr: [], elr: [3, 2], leader: -1 }, 2, 'elr'],
  ['that may lead', { isr: [], elr: [2, 3], leader: -1, mayLead: only(3) }, 3, 'elr'],
  ['nobody else while somebody is eligible', { isr: [], elr: [2], lastKnownLeader: 3, mayLead: only(1, 3) }, -1, 'nobody'],
  ['who led last when nobody is eligible', { isr: [], leader: -1, lastKnownLeader: 3 }, 3, 'last-known'],
  ['but not when it may not lead', { isr: [], leader: -1, lastKnownLeader: 3, mayLead: only(1) }, -1, 'nobody'],
  ['and not when it is no replica any more', { replicas: [1, 2], isr: [], leader: -1, lastKnownLeader: 3 }, -1, 'nobody'],
  ['anybody who may lead, where that is allowed', { isr: [], leader: -1, mayLead: only(3), allowsUncleanElection: true }, 3, 'unclean'],
  ['also when somebody eligible is away', { isr: [], elr: [1], mayLead: only(2), allowsUncleanElection: true }, 2, 'unclean'],
  ['nobody when nobody may lead', { mayLead: only(), allowsUncleanElection: true }, -1, 'nobody'],
])('%s', (_what, change, leader, by) => {
  expect(chooseLeader({ ...HEALTHY, ...change })).toEqual({ leader, by })
})
