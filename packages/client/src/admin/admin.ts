/**
 * Looks at and changes a cluster: topics, configs, partitions, brokers, groups.
 *
 * A call resolves when the cluster has taken the change. One about several things rejects with the first failure when any
 * of them fails; the others have been carried out. What is not known to have been carried out is not sent twice, unless
 * twice is as good as once.
 */
import { type OffsetAnswer, type OffsetQuery, type IsolationLevel, listOffsets } from '../offsets/list-offsets.ts'
import type { PartitionName } from '../metadata/by-leader.ts'
import type { Cluster } from '../metadata/cluster.ts'
import type { TopicView } from '../metadata/topic-view.ts'
import { type ConfigAlteration, incrementalAlterConfigs } from './alter-configs.ts'
import type { ConfigResource } from './config-resource.ts'
import { createPartitions, type NewPartitions } from './create-partitions.ts'
import { type ChangeOptions, type CreatedTopic, createTopics, type NewTopic } from './create-topics.ts'
import { type DeletedRecords, deleteRecords, type RecordDeletion } from './delete-records.ts'
import { deleteTopics } from './delete-topics.ts'
import { type ClusterDescription, describeCluster } from './describe-cluster.ts'
import { type DescribeConfigsOptions, type DescribedConfig, describeConfigs } from './describe-configs.ts'
import { type BrokerLogDirs, describeLogDirs } from './describe-log-dirs.ts'
import { describeProducers, type PartitionProducers } from './describe-producers.ts'
import { describeTopics, listTopics, type ListTopicsOptions } from './describe-topics.ts'
import { electLeaders, type ElectLeadersOptions, type LeaderElection } from './elect-leaders.ts'
import { type FeatureLevel, updateFeatures } from './features.ts'
import { addVoter, describeQuorum, type NewVoter, type QuorumView, removeVoter, type VoterName } from './quorum.ts'
import { alterReassignments, listReassignments, type OngoingReassignment, type Reassignment } from './reassignments.ts'
import { unregisterBroker } from './unregister-broker.ts'
import { deleteGroups } from '../groups/delete-groups.ts'
import { describeGroups, type GroupDescription } from '../groups/describe-groups.ts'
import { alterGroupOffsets, type CommittedOffset, deleteGroupOffsets, groupOffsets, type NewOffset } from '../groups/group-offsets.ts'
import { type GroupListing, listGroups } from '../groups/list-groups.ts'

export class Admin {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  createTopics(topics: readonly NewTopic[], options: ChangeOptions = {}): Promise<CreatedTopic[]> {
    return createTopics(this.#cluster, topics, options)
  }

  /** Deletes topics with all their records. */
  deleteTopics(names: readonly string[]): Promise<void> {
    return deleteTopics(this.#cluster, names)
  }

  /** All topics, by name. */
  listTopics(options: ListTopicsOptions = {}): Promise<TopicView[]> {
    return listTopics(this.#cluster, options)
  }

  /** In the order of the names. Rejects at once when one does not exist. */
  describeTopics(names: readonly string[]): Promise<TopicView[]> {
    return describeTopics(this.#cluster, names)
  }

  createPartitions(requests: readonly NewPartitions[], options: ChangeOptions = {}): Promise<void> {
    return createPartitions(this.#cluster, requests, options)
  }

  /** The configs of each resource, in the order of the resources. */
  describeConfigs(resources: readonly ConfigResource[], options: DescribeConfigsOptions = {}): Promise<DescribedConfig[][]> {
    return describeConfigs(this.#cluster, resources, options)
  }

  incrementalAlterConfigs(alterations: readonly ConfigAlteration[], options: ChangeOptions = {}): Promise<void> {
    return incrementalAlterConfigs(this.#cluster, alterations, options)
  }

  /** In the order of the queries. With `read_committed`, `latest` is before the first open transaction. */
  async listOffsets(queries: readonly OffsetQuery[], isolationLevel: IsolationLevel = 'read_uncommitted'): Promise<OffsetAnswer[]> {
    // Tells at once of a topic that does not exist, instead of looking for it.
    await describeTopics(this.#cluster, [...new Set(queries.map(({ topic }) => topic))])
    return listOffsets(this.#cluster, queries, isolationLevel)
  }

  /** Removes the oldest records of partitions. */
  deleteRecords(deletions: readonly RecordDeletion[]): Promise<DeletedRecords[]> {
    return deleteRecords(this.#cluster, deletions)
  }

  describeCluster(): Promise<ClusterDescription> {
    return describeCluster(this.#cluster)
  }

  /** Of all brokers when `nodeIds` is absent. */
  describeLogDirs(nodeIds?: readonly number[]): Promise<BrokerLogDirs[]> {
    return describeLogDirs(this.#cluster, nodeIds)
  }

  describeProducers(partitions: readonly PartitionName[]): Promise<PartitionProducers[]> {
    return describeProducers(this.#cluster, partitions)
  }

  /** Of these partitions, or of all that need an election. What could not be elected is said in its result. */
  electLeaders(partitions: readonly PartitionName[] | 'all', options: ElectLeadersOptions = {}): Promise<LeaderElection[]> {
    return electLeaders(this.#cluster, partitions, options)
  }

  /** Begins to move partitions to other brokers, or takes moves back. */
  alterReassignments(reassignments: readonly Reassignment[]): Promise<void> {
    return alterReassignments(this.#cluster, reassignments)
  }

  /** The moves that are going on. */
  listReassignments(): Promise<OngoingReassignment[]> {
    return listReassignments(this.#cluster)
  }

  /** Forgets a broker that is gone for good. Its replicas have to be moved to others. */
  unregisterBroker(nodeId: number): Promise<void> {
    return unregisterBroker(this.#cluster, nodeId)
  }

  describeQuorum(): Promise<QuorumView> {
    return describeQuorum(this.#cluster)
  }

  /** Gives a controller that is running, and follows the others, a vote. */
  addVoter(voter: NewVoter): Promise<void> {
    return addVoter(this.#cluster, voter)
  }

  removeVoter(voter: VoterName): Promise<void> {
    return removeVoter(this.#cluster, voter)
  }

  updateFeatures(levels: readonly FeatureLevel[], options: ChangeOptions = {}): Promise<void> {
    return updateFeatures(this.#cluster, levels, options)
  }

  /** All groups, by id. */
  listGroups(): Promise<GroupListing[]> {
    return listGroups(this.#cluster)
  }

  /** In the order of the ids. Rejects when one does not exist. */
  describeGroups(groupIds: readonly string[]): Promise<GroupDescription[]> {
    return describeGroups(this.#cluster, groupIds)
  }

  /** All that the group has committed. Empty for a group that does not exist. */
  groupOffsets(groupId: string): Promise<CommittedOffset[]> {
    return groupOffsets(this.#cluster, groupId)
  }

  /** Puts a group that has no members to other offsets. */
  alterGroupOffsets(groupId: string, offsets: readonly NewOffset[]): Promise<void> {
    return alterGroupOffsets(this.#cluster, groupId, offsets)
  }

  /** Forgets what a group has committed for partitions that none of its members subscribes to. */
  deleteGroupOffsets(groupId: string, partitions: readonly PartitionName[]): Promise<void> {
    return deleteGroupOffsets(this.#cluster, groupId, partitions)
  }

  /** Deletes groups that have no members, with all they have committed. */
  deleteGroups(groupIds: readonly string[]): Promise<void> {
    return deleteGroups(this.#cluster, groupIds)
  }
}
