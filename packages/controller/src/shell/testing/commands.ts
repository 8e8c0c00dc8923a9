/** Requests as tests write them down, and what comes back in a word. */
import {
  type BrokerHeartbeatCommand,
  type ControllerPort,
  type CreatableTopic,
  type Outcome,
  type RegisterBrokerCommand,
  type RegisteredBroker,
  SUPPORTED_FEATURES,
} from '@millrace/metadata'
import { errorName } from '@millrace/protocol'

export const CLUSTER_ID = 'test-cluster'

export function newTopic(name: string, change: Partial<CreatableTopic> = {}): CreatableTopic {
  return { name, partitionCount: 1, replicationFactor: 1, assignments: [], configs: [], ...change }
}

export function registration(brokerId: number, incarnationId = 'AAAAAAAAAAAAAAAAAAAAAQ'): RegisterBrokerCommand {
  return {
    brokerId,
    clusterId: CLUSTER_ID,
    incarnationId,
    listeners: [],
    rack: null,
    directoryIds: [],
    features: SUPPORTED_FEATURES,
    previousBrokerEpoch: -1,
  }
}

/** Registers the broker and has it say that it knows, so that it is active. */
export async function joinBroker(port: ControllerPort, brokerId: number, incarnationId?: string): Promise<RegisteredBroker> {
  const registered = await port.registerBroker(registration(brokerId, incarnationId))
  await port.heartbeat(heartbeat(brokerId, registered.brokerEpoch))
  return registered
}

export function heartbeat(brokerId: number, brokerEpoch: number, change: Partial<BrokerHeartbeatCommand> = {}): BrokerHeartbeatCommand {
  const quiet = { wantFence: false, wantShutdown: false, failedPartitions: [], isDirectoryOffline: false }
  return { brokerId, brokerEpoch, metadataOffset: Number.MAX_SAFE_INTEGER, ...quiet, ...change }
}

/** One request; the names of the error codes, `NONE` for success. */
export async function createTopics(port: ControllerPort, ...names: readonly string[]): Promise<readonly string[]> {
  return codes(await port.createTopics({ topics: names.map((name) => newTopic(name)), validateOnly: false }))
}

export async function deleteTopics(port: ControllerPort, ...names: readonly string[]): Promise<readonly string[]> {
  return codes(await port.deleteTopics({ topics: names.map((name) => ({ name, topicId: null })) }))
}

export async function setTopicConfig(port: ControllerPort, topic: string, name: string, value: string): Promise<readonly string[]> {
  const resources = [{ type: 'topic' as const, name: topic, configs: [{ name, operation: 'set' as const, value }] }]
  return codes(await port.incrementalAlterConfigs({ resources, validateOnly: false }))
}

export function codes(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes.map(({ errorCode }) => errorName(errorCode))
}
