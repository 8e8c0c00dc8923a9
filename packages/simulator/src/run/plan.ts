/**
 * All that a run is made of, as plain data: topology, knobs, workload and faults. A plan is drawn from a seed; whoever has the plan
 * has the run.
 */
import type { FaultClass } from '../faults/fault-classes.ts'
import type { Fault } from '../faults/fault.ts'
import type { GroupProtocol } from '../workload/groups/taking-part.ts'
import { nodeNames } from './names.ts'

/** `groups`: a cluster whose clients are members of groups, with a producer for them to read from. */
export type Profile = 'single' | 'cluster' | 'groups'

export interface Plan {
  readonly profile: Profile
  readonly seed: number
  /** Machines with a broker. */
  readonly nodes: number
  /** How many of them are controllers too. */
  readonly controllers: number
  readonly partitions: number
  readonly replicationFactor: number
  readonly minInsyncReplicas: number
  readonly durability: 'fsync' | 'replicated'
  readonly idempotentProducers: number
  readonly plainProducers: number
  readonly consumers: number
  readonly admins: number
  /** With an auditor, if there are any. */
  readonly transactionalProducers: number
  /** Of all groups together, dealt out to them in turn. */
  readonly members: number
  readonly groups: number
  readonly groupProtocol: GroupProtocol
  /** Idempotent ones whose batches overtake each other. */
  readonly overtakingProducers: number
  /** `copy`: what members read they write to another topic, and commit in the same transaction. */
  readonly groupWork: 'process' | 'copy'
  readonly groupEnd: GroupEnd
  /** `upgrade`: a group whose members speak either protocol does not become a classic one again before all have left. */
  readonly migrationPolicy: 'bidirectional' | 'upgrade'
  /** Between two sends of a producer, on average. */
  readonly sendEveryMs: number
  /** Time with faults. */
  readonly stormMs: number
  readonly knobs: Knobs
  readonly classes: readonly FaultClass[]
  readonly faults: readonly Fault[]
}

/**
 * What members do when they have read everything: leave, or all die at once. Then they have to be missed by those who coordinated their
 * groups, by whoever does so next, or by clocks that were set back.
 */
export type GroupEnd = 'leave' | 'die' | 'die-and-fail-over' | 'die-and-clocks-go-back'

/** Sizes and times that are small in some runs and large in others, so that rare paths are common somewhere. */
export interface Knobs {
  readonly latencyMsMax: number
  readonly bytesPerMs: number
  readonly chunkBytesMax: number
  readonly windowBytes: number
  readonly diskLatencyMsMax: number
  /** Of each host, up to so far in either direction. */
  readonly clockOffsetMsMax: number
  readonly clockDriftMax: number
  readonly batchBytes: number
  readonly valueBytesMax: number
  readonly maxInFlight: number
  readonly indexIntervalBytes: number
  readonly segmentIndexBytes: number
  readonly segmentMs: number
  readonly checkpointIntervalMs: number
  readonly snapshotBytes: number
  readonly trailingEntries: number
  readonly scrubIntervalMs: number
  /** Of Raft's messages: lost, sent twice, and late by up to so much. */
  readonly messageLossChance: number
  readonly messageRepeatChance: number
  readonly messageJitterMs: number
  /** After so long without having caught up a replica leaves the ISR. */
  readonly lagTimeMaxMs: number
}

export function doRecordsRot({ faults }: Plan): boolean {
  return faults.some(({ kind }) => kind === 'record-rot')
}

/** Then somebody has to give their new disks the votes that the old ones had. */
export function doVotersLoseDisks({ faults, nodes, controllers }: Plan): boolean {
  const voters = nodeNames({ nodes }).slice(0, controllers)
  return controllers > 1 && faults.some((fault) => fault.kind.startsWith('wipe') && 'node' in fault && voters.includes(fault.node))
}

/** They may not count as controllers before they have caught up. */
export function nodesOfRottenMetadata({ faults }: Plan): ReadonlySet<string> {
  const isRot = (path: string): boolean => path.includes('__cluster_metadata')
  return new Set(faults.flatMap((fault) => (fault.kind === 'bit-rot' && isRot(fault.path) ? [fault.node] : [])))
}
