/** The controllers of the cluster: who leads, who votes, and how that is changed. */
import { addRaftVoterApi, describeQuorumApi, ERROR_CODES, removeRaftVoterApi } from '@millrace/protocol'
import { brokerError } from '../errors.ts'
import type { Cluster } from '../metadata/cluster.ts'
import { retry } from '../network/retry.ts'
import { askController } from './controller.ts'
import { unanswered, wasNotCarriedOut } from './settle-each.ts'

export interface QuorumView {
  /** Null while none is known. */
  readonly leaderId: number | null
  readonly leaderEpoch: number
  readonly highWatermark: number
  readonly voters: readonly QuorumReplica[]
  /** They follow the metadata without a vote. */
  readonly observers: readonly QuorumReplica[]
  /** Where controllers are reached, as far as the brokers say. */
  readonly nodes: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[]
}

export interface QuorumReplica {
  readonly nodeId: number
  readonly directoryId: string
  readonly logEndOffset: number
  /** Milliseconds since 1970; null when unknown. */
  readonly lastFetchMs: number | null
  readonly lastCaughtUpMs: number | null
}

/** A controller in one life of its disk. */
export interface VoterName {
  readonly nodeId: number
  readonly directoryId: string
}

export interface NewVoter extends VoterName {
  readonly host: string
  readonly port: number
}

const METADATA = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }]
const LISTENER = 'CONTROLLER'

export function describeQuorum(cluster: Cluster): Promise<QuorumView> {
  const { settings } = cluster
  return retry(settings, cluster.closing, cluster.nowMs + settings.retryTimeoutMs, async (attempt) => {
    const answer = await askController(cluster, attempt, describeQuorumApi, { topics: METADATA })
    if (answer.errorCode !== ERROR_CODES.NONE) throw brokerError(answer.errorCode, {}, answer.errorMessage)
    const partition = answer.topics[0]?.partitions[0]
    if (partition === undefined) throw unanswered('the quorum')
    if (partition.errorCode !== ERROR_CODES.NONE) throw brokerError(partition.errorCode, {}, partition.errorMessage)
    return {
      leaderId: partition.leaderId === -1 ? null : partition.leaderId,
      leaderEpoch: partition.leaderEpoch,
      highWatermark: partition.highWatermark,
      voters: partition.currentVoters.map(replicaOf),
      observers: partition.observers.map(replicaOf),
      nodes: answer.nodes.flatMap(({ nodeId, listeners }) => listeners.slice(0, 1).map(({ host, port }) => ({ nodeId, host, port }))),
    }
  })
}

/** Resolves when the change is committed. The controller has to be running and to follow the others. */
export async function addVoter(cluster: Cluster, { nodeId, directoryId, host, port }: NewVoter): Promise<void> {
  const body = {
    clusterId: null,
    timeoutMs: cluster.settings.requestTimeoutMs,
    voterId: nodeId,
    voterDirectoryId: directoryId,
    listeners: [{ name: LISTENER, host, port }],
  }
  await changeOnce(cluster, (attempt) => askController(cluster, attempt, addRaftVoterApi, body))
}

export async function removeVoter(cluster: Cluster, { nodeId, directoryId }: VoterName): Promise<void> {
  const body = { clusterId: null, voterId: nodeId, voterDirectoryId: directoryId }
  await changeOnce(cluster, (attempt) => askController(cluster, attempt, removeRaftVoterApi, body))
}

/** Sends a change that succeeds or fails as a whole, again only when it is known not to have been carried out. */
export async function changeOnce(
  cluster: Cluster,
  ask: (attempt: number) => Promise<{ readonly errorCode: number; readonly errorMessage: string | null }>,
): Promise<void> {
  const { settings } = cluster
  await retry(
    settings,
    cluster.closing,
    cluster.nowMs + settings.retryTimeoutMs,
    async (attempt) => {
      const { errorCode, errorMessage } = await ask(attempt)
      if (errorCode !== ERROR_CODES.NONE) throw brokerError(errorCode, {}, errorMessage)
    },
    wasNotCarriedOut,
  )
}

function replicaOf(replica: {
  readonly replicaId: number
  readonly replicaDirectoryId: string
  readonly logEndOffset: number
  readonly lastFetchTimestamp: number
  readonly lastCaughtUpTimestamp: number
}): QuorumReplica {
  const { replicaId, replicaDirectoryId, logEndOffset, lastFetchTimestamp, lastCaughtUpTimestamp } = replica
  return {
    nodeId: replicaId,
    directoryId: replicaDirectoryId,
    logEndOffset,
    lastFetchMs: lastFetchTimestamp === -1 ? null : lastFetchTimestamp,
    lastCaughtUpMs: lastCaughtUpTimestamp === -1 ? null : lastCaughtUpTimestamp,
  }
}
