/** The few requests of an administrator that a scenario needs, one at a time on a connection of its own. */
import { alterConfigsApi, createTopicsApi, deleteTopicsApi, errorName, listOffsetsApi } from '@millrace/protocol'
import { openCaller } from './caller.ts'

const TIMEOUT_MS = 60_000
const CREATE_VERSION = 7
const DELETE_VERSION = 5
const LIST_OFFSETS_VERSION = 7
const ALTER_CONFIGS_VERSION = 2
const TOPIC_RESOURCE = 2
const LATEST = -1
/** Only those without a leader are asked for again, and not often: the asking is part of the broker's CPU. */
const LEADER_RETRY_MS = 50

export type NewTopic = { readonly name: string; readonly partitions: number; readonly configs?: Readonly<Record<string, string>> }

export type Admin = {
  /** All in one request. Throws when one of them is refused. */
  createTopics(topics: readonly NewTopic[]): Promise<void>
  deleteTopics(names: readonly string[]): Promise<void>
  /** The topic has these configs then, and of no others than the defaults. */
  setTopicConfigs(name: string, configs: Readonly<Record<string, string>>): Promise<void>
  /** Resolves when the broker leads every partition of these topics: being created, and even being in the metadata, comes earlier. */
  awaitLeaders(topics: readonly NewTopic[]): Promise<void>
  /** Throws unless the topic holds exactly this many records: a broker that loses some must not look fast. */
  expectRecords(topic: NewTopic, records: number): Promise<void>
  close(): void
}

export async function openAdmin(port: number): Promise<Admin> {
  const { call, close } = await openCaller(port)
  return {
    async createTopics(topics) {
      const answer = await call(createTopicsApi, CREATE_VERSION, {
        topics: topics.map(creatable),
        timeoutMs: TIMEOUT_MS,
        validateOnly: false,
      })
      for (const topic of answer.topics) refuse(`create ${topic.name}`, topic.errorCode, topic.errorMessage)
    },
    async deleteTopics(names) {
      const answer = await call(deleteTopicsApi, DELETE_VERSION, { topicNames: [...names], timeoutMs: TIMEOUT_MS })
      for (const topic of answer.responses) refuse(`delete ${topic.name}`, topic.errorCode, topic.errorMessage)
    },
    async setTopicConfigs(name, configs) {
      const resource = { resourceType: TOPIC_RESOURCE, resourceName: name, configs: entries(configs) }
      const answer = await call(alterConfigsApi, ALTER_CONFIGS_VERSION, { resources: [resource], validateOnly: false })
      for (const { errorCode, errorMessage } of answer.responses) refuse(`configure ${name}`, errorCode, errorMessage)
    },
    async awaitLeaders(expected) {
      let topics = expected.map(({ name, partitions }) => ({
        name,
        partitions: Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: LATEST })),
      }))
      for (;;) {
        const answer = await call(listOffsetsApi, LIST_OFFSETS_VERSION, { replicaId: -1, isolationLevel: 0, topics })
        topics = answer.topics
          .map(({ name, partitions }) => ({ name, partitions: partitions.filter(({ errorCode }) => errorCode !== 0) }))
          .filter(({ partitions }) => partitions.length > 0)
          .map(({ name, partitions }) => ({
            name,
            partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, timestamp: LATEST })),
          }))
        if (topics.length === 0) return
        await new Promise((resolve) => setTimeout(resolve, LEADER_RETRY_MS))
      }
    },
    async expectRecords({ name, partitions }, records) {
      const wanted = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: LATEST }))
      const body = { replicaId: -1, isolationLevel: 0, topics: [{ name, partitions: wanted }] }
      const answer = await call(listOffsetsApi, LIST_OFFSETS_VERSION, body)
      const stored = answer.topics.flatMap((topic) => topic.partitions).reduce((sum, { offset }) => sum + offset, 0)
      if (stored !== records) throw new Error(`${name} acknowledged ${records} records and holds ${stored}`)
    },
    close,
  }
}

function creatable({ name, partitions, configs = {} }: NewTopic) {
  return {
    name,
    numPartitions: partitions,
    replicationFactor: 1,
    assignments: [],
    configs: entries(configs),
  }
}

function entries(configs: Readonly<Record<string, string>>) {
  return Object.entries(configs).map(([name, value]) => ({ name, value }))
}

function refuse(what: string, errorCode: number, message: string | null): void {
  if (errorCode !== 0) throw new Error(`${what}: ${errorName(errorCode)}${message === null ? '' : `: ${message}`}`)
}
