/** Requests as tests write them down, and what comes back in a word. */
import type { ControllerPort, CreatableTopic, Outcome, RegisterBrokerCommand } from '@millrace/metadata'
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
    features: [],
    previousBrokerEpoch: -1,
  }
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
