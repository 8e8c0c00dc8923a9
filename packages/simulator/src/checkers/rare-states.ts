/**
 * States of partitions that are rare and that the simulator is there for. It complains of nothing: a search that never got into one of
 * them has shown nothing about it, and whoever runs many seeds wants to know.
 */
import type { PartitionImage } from '@millrace/metadata'
import type { Look, WatchedNode } from './watched-node.ts'

export const RARE_STATES = {
  leaderless: 'a partition has no leader',
  eligible: 'a replica is eligible that is not in sync',
  ledByEligible: 'an eligible replica is elected',
  recovering: 'whoever led last leads, and recovers',
  twoLeaders: 'two brokers believe that they lead a partition',
  changing: 'a leader does not know which ISR is in force',
  halted: 'a replica stands still, for it would have to give up what was committed',
  ahead: 'a replica has more than its leader',
} as const

type RareState = (typeof RARE_STATES)[keyof typeof RARE_STATES]

export function rareStates(reached: (state: RareState) => void): Look {
  const known = new Map<string, PartitionImage>()
  return (nodes) => {
    const newest = nodes.toSorted((one, other) => other.image.offset - one.image.offset)[0]
    for (const { id, partitions } of newest?.image.topics ?? []) {
      for (const [index, partition] of partitions.entries()) {
        const before = known.get(`${id} ${index}`)
        if (before === partition) continue
        known.set(`${id} ${index}`, partition)
        for (const state of statesOf(partition, before)) reached(state)
      }
    }
    for (const state of statesOfReplicas(nodes)) reached(state)
  }
}

function* statesOf({ leader, elr, recoveryState }: PartitionImage, before: PartitionImage | undefined): Generator<RareState, undefined> {
  if (leader < 0) yield RARE_STATES.leaderless
  if (elr.length > 0) yield RARE_STATES.eligible
  if (leader >= 0 && leader !== before?.leader && before?.elr.includes(leader) === true) yield RARE_STATES.ledByEligible
  if (recoveryState === 'recovering') yield RARE_STATES.recovering
  return undefined
}

function* statesOfReplicas(nodes: readonly WatchedNode[]): Generator<RareState, undefined> {
  const leaderEnds = new Map<string, number>()
  const replicas = nodes.flatMap(({ partitions }) => [...partitions()])
  for (const { topicId, index, replica, readableLog } of replicas) {
    if (replica?.role.type !== 'leader') continue
    const key = `${topicId} ${index}`
    if (leaderEnds.has(key)) yield RARE_STATES.twoLeaders
    leaderEnds.set(key, Math.max(leaderEnds.get(key) ?? 0, readableLog?.logEndOffset ?? 0))
    if (replica.role.pending !== null) yield RARE_STATES.changing
  }
  for (const { topicId, index, replica, readableLog } of replicas) {
    if (replica?.role.type !== 'follower') continue
    if (replica.role.isHalted) yield RARE_STATES.halted
    if ((readableLog?.logEndOffset ?? 0) > (leaderEnds.get(`${topicId} ${index}`) ?? Number.POSITIVE_INFINITY)) yield RARE_STATES.ahead
  }
  return undefined
}
