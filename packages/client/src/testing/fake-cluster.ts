/**
 * A cluster inside the test: brokers that keep topics, append, fetch and know their leaders. What a test wants to go wrong
 * it puts in front with `intercept`; what the fake does not do itself (configs, say) a test answers the same way.
 */
import {
  type ApiDefinition,
  apiByKey,
  APIS,
  apiVersionsApi,
  type Decoded,
  decodeMessage,
  decodeRequestHeader,
  type Encodable,
  encodeResponseFrame,
  ERROR_CODES,
  fetchApi,
  initProducerIdApi,
  listOffsetsApi,
  type MessageDefinition,
  metadataApi,
  produceApi,
  ZERO_UUID,
} from '@millrace/protocol'
import { createCompression, createMemoryDisk, crc32c, type Runtime, silentLogger } from '@millrace/runtime'
import { type ClientSettings, DEFAULT_SETTINGS } from '../settings.ts'
import { FakePartition } from './fake-partition.ts'
import { ManualClock } from './manual-clock.ts'
import { MemoryNetwork, type Peer } from './memory-network.ts'

export interface FakeRequest<Req extends MessageDefinition = MessageDefinition> {
  readonly nodeId: number
  readonly api: ApiDefinition
  readonly version: number
  readonly body: Decoded<Req>
}

/**
 * What a broker does with a request: answer, carry it out as usual, never answer, hang up, or carry it out and hang up
 * before the answer.
 */
export type Reaction<Res extends MessageDefinition> =
  | { readonly answer: Encodable<Res> }
  | 'as-usual'
  | 'silence'
  | 'hang-up'
  | 'lose-answer'

type Intercept = (request: FakeRequest) => Reaction<MessageDefinition>

export interface FakeTopic {
  topicId: string
  readonly partitions: FakePartition[]
}

const PORT = 9092
const IDS = 'BCDEFGHIJKLMNOPQRSTUVWXYZ'

export class FakeCluster {
  readonly clock = new ManualClock()
  readonly network = new MemoryNetwork()
  readonly runtime: Runtime
  readonly topics = new Map<string, FakeTopic>()
  /** Every request but ApiVersions, in the order of arrival. */
  readonly requests: FakeRequest[] = []
  controllerId = 1
  /** The highest version of an API that the brokers offer; absent for all that we know, -1 for none. */
  readonly maxVersions = new Map<number, number>()
  readonly #nodeIds: number[] = []
  readonly #peers = new Map<number, Set<Peer>>()
  readonly #intercepts = new Map<number, Intercept>()
  #nextProducerId = 1000
  #nextTopic = 0

  constructor(brokerCount = 1) {
    let seed = 1
    const uint32 = (): number => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0)
    this.runtime = {
      clock: this.clock,
      random: { uint32, bytes: (length) => new Uint8Array(length) },
      disk: createMemoryDisk(),
      network: this.network,
      logger: silentLogger,
      compression: createCompression(),
      crc32c,
    }
    for (let nodeId = 1; nodeId <= brokerCount; nodeId++) {
      this.#nodeIds.push(nodeId)
      this.start(nodeId)
    }
  }

  get settings(): ClientSettings {
    return {
      ...DEFAULT_SETTINGS,
      runtime: this.runtime,
      clientId: 'test',
      bootstrap: this.#nodeIds.map((id) => ({ host: hostOf(id), port: PORT })),
    }
  }

  /** As `createClient` wants them. */
  get brokers(): string[] {
    return this.#nodeIds.map((id) => `${hostOf(id)}:${PORT}`)
  }

  /** Led by the brokers in turn. */
  createTopic(name: string, partitionCount = 1): FakeTopic {
    const topicId = `${IDS[this.#nextTopic++] ?? '_'}${'A'.repeat(21)}`
    const partitions = Array.from({ length: partitionCount }, (_, index) => new FakePartition(1 + (index % this.#nodeIds.length)))
    const topic = { topicId, partitions }
    this.topics.set(name, topic)
    return topic
  }

  partition(topic: string, partition = 0): FakePartition {
    const found = this.topics.get(topic)?.partitions[partition]
    if (found === undefined) throw new Error(`no ${topic}-${partition}`)
    return found
  }

  moveLeader(topic: string, partition: number, nodeId: number): void {
    const moved = this.partition(topic, partition)
    moved.leaderId = nodeId
    moved.leaderEpoch += 1
  }

  start(nodeId: number): void {
    const peers = new Set<Peer>()
    this.#peers.set(nodeId, peers)
    this.network.accept({ host: hostOf(nodeId), port: PORT }, (peer) => {
      peers.add(peer)
      this.#serve(nodeId, peer)
    })
  }

  /** Connections end, and new ones are refused. */
  stop(nodeId: number): void {
    this.network.refuse({ host: hostOf(nodeId), port: PORT })
    for (const peer of this.#peers.get(nodeId) ?? []) peer.hangUp()
  }

  /** Replaces what all brokers do with the requests of one API. */
  intercept<Req extends MessageDefinition, Res extends MessageDefinition>(
    api: ApiDefinition<Req, Res>,
    react: (request: FakeRequest<Req>) => Reaction<Res>,
  ): void {
    this.#intercepts.set(api.key, react as unknown as Intercept)
  }

  /** The reactions to the next requests of one API; after them everything is as usual. */
  interceptNext<Req extends MessageDefinition, Res extends MessageDefinition>(
    api: ApiDefinition<Req, Res>,
    ...reactions: Reaction<Res>[]
  ): void {
    this.intercept(api, () => reactions.shift() ?? 'as-usual')
  }

  requestsOf<Req extends MessageDefinition, Res extends MessageDefinition>(api: ApiDefinition<Req, Res>): FakeRequest<Req>[] {
    return this.requests.filter((request) => request.api.key === api.key) as FakeRequest<Req>[]
  }

  #serve(nodeId: number, peer: Peer): void {
    let received = new Uint8Array(0)
    // Answers leave in the order of the requests.
    let turn: Promise<void> = Promise.resolve()
    peer.onData = (chunk) => {
      const bytes = new Uint8Array(received.length + chunk.length)
      bytes.set(received)
      bytes.set(chunk, received.length)
      let position = 0
      while (bytes.length - position >= 4) {
        const size = new DataView(bytes.buffer).getInt32(position)
        if (bytes.length - position - 4 < size) break
        const frame = bytes.slice(position + 4, position + 4 + size)
        turn = turn.then(() => this.#answer(nodeId, peer, frame))
        position += 4 + size
      }
      received = bytes.slice(position)
    }
  }

  async #answer(nodeId: number, peer: Peer, frame: Uint8Array): Promise<void> {
    const { apiKey, apiVersion, correlationId, bodyOffset } = decodeRequestHeader(frame)
    const api = apiByKey(apiKey)
    if (api === undefined) throw new Error(`unknown API ${apiKey}`)
    const body = decodeMessage(api.request, apiVersion, frame.subarray(bodyOffset))
    const request: FakeRequest = { nodeId, api, version: apiVersion, body }
    if (api !== (apiVersionsApi as unknown)) this.requests.push(request)
    const reaction = this.#intercepts.get(apiKey)?.(request) ?? 'as-usual'
    if (reaction === 'silence') return
    if (reaction === 'hang-up') {
      peer.hangUp()
      return
    }
    const answer = typeof reaction === 'object' ? reaction.answer : await this.#carryOut(request)
    if (reaction === 'lose-answer') peer.hangUp()
    else if (answer !== null) peer.send(encodeResponseFrame(api, apiVersion, correlationId, answer) as Uint8Array[])
  }

  /** Null for a request that has no answer. */
  async #carryOut(request: FakeRequest): Promise<object | null> {
    switch (request.api.key) {
      case apiVersionsApi.key:
        return this.#apiVersions()
      case metadataApi.key:
        return this.#metadata(request.body as never)
      case produceApi.key:
        return this.#produce(request.nodeId, request.body as never)
      case fetchApi.key:
        return this.#fetch(request.nodeId, request.body as never)
      case listOffsetsApi.key:
        return this.#listOffsets(request.nodeId, request.body as never)
      case initProducerIdApi.key:
        return { errorCode: 0, producerId: this.#nextProducerId++, producerEpoch: 0 }
      default:
        throw new Error(`the fake cluster does not do ${request.api.name}: intercept it`)
    }
  }

  #apiVersions(): Encodable<(typeof apiVersionsApi)['response']> {
    const apiKeys = APIS.map(({ key, minVersion, maxVersion }) => ({
      apiKey: key,
      minVersion,
      maxVersion: Math.min(maxVersion, this.maxVersions.get(key) ?? maxVersion),
    }))
    return { errorCode: 0, apiKeys: apiKeys.filter(({ minVersion, maxVersion }) => minVersion <= maxVersion) }
  }

  #metadata(body: Decoded<(typeof metadataApi)['request']>): Encodable<(typeof metadataApi)['response']> {
    const names = body.topics === null ? [...this.topics.keys()] : body.topics.map(({ name }) => name ?? '')
    return {
      brokers: this.#nodeIds.map((nodeId) => ({ nodeId, host: hostOf(nodeId), port: PORT })),
      clusterId: 'fake',
      controllerId: this.controllerId,
      topics: names.map((name) => {
        const topic = this.topics.get(name)
        if (topic === undefined) return { errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, name, topicId: ZERO_UUID, partitions: [] }
        const partitions = topic.partitions.map(({ leaderId, leaderEpoch }, partitionIndex) => ({
          errorCode: leaderId === -1 ? ERROR_CODES.LEADER_NOT_AVAILABLE : ERROR_CODES.NONE,
          partitionIndex,
          leaderId,
          leaderEpoch,
          replicaNodes: this.#nodeIds,
          isrNodes: this.#nodeIds,
        }))
        return { errorCode: 0, name, topicId: topic.topicId, isInternal: name.startsWith('__'), partitions }
      }),
      errorCode: 0,
    }
  }

  #produce(nodeId: number, body: Decoded<(typeof produceApi)['request']>): Encodable<(typeof produceApi)['response']> | null {
    const responses = body.topicData.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map(({ index, records }) => {
        const [partition, errorCode] = this.#find(nodeId, name, topicId, index)
        const outcome = partition === null || records === null ? { errorCode, baseOffset: -1 } : partition.append(records)
        return { index, ...outcome }
      }),
    }))
    return body.acks === 0 ? null : { responses }
  }

  async #fetch(nodeId: number, body: Decoded<(typeof fetchApi)['request']>): Promise<Encodable<(typeof fetchApi)['response']>> {
    const read = (): { readonly isEmpty: boolean; readonly body: Encodable<(typeof fetchApi)['response']> } => {
      let isEmpty = true
      const responses = body.topics.map(({ topic, topicId, partitions }) => ({
        topic,
        topicId,
        partitions: partitions.map(({ partition: partitionIndex, fetchOffset, partitionMaxBytes }) => {
          const [partition, errorCode] = this.#find(nodeId, topic, topicId, partitionIndex)
          const isInside = partition !== null && fetchOffset >= partition.startOffset && fetchOffset <= partition.endOffset
          const records = partition !== null && isInside ? partition.bytesFrom(fetchOffset, partitionMaxBytes) : null
          if (records === null || records.length > 0) isEmpty = false
          const problem = partition === null ? errorCode : isInside ? ERROR_CODES.NONE : ERROR_CODES.OFFSET_OUT_OF_RANGE
          return { partitionIndex, errorCode: problem, highWatermark: partition?.endOffset ?? -1, abortedTransactions: null, records }
        }),
      }))
      return { isEmpty, body: { errorCode: 0, sessionId: 0, responses } }
    }
    const first = read()
    if (!first.isEmpty || body.maxWaitMs === 0) return first.body
    await new Promise<void>((resolve) => {
      const timer = this.clock.setTimer(body.maxWaitMs, resolve)
      const wake = (): void => {
        timer.cancel()
        resolve()
      }
      for (const { topic, topicId, partitions } of body.topics) {
        for (const { partition } of partitions) this.#find(nodeId, topic, topicId, partition)[0]?.onAppend(wake)
      }
    })
    return read().body
  }

  #listOffsets(nodeId: number, body: Decoded<(typeof listOffsetsApi)['request']>): Encodable<(typeof listOffsetsApi)['response']> {
    return {
      topics: body.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, timestamp }) => {
          const [partition, errorCode] = this.#find(nodeId, name, ZERO_UUID, partitionIndex)
          if (partition === null) return { partitionIndex, errorCode, timestamp: -1, offset: -1, leaderEpoch: -1 }
          const { leaderEpoch, startOffset, endOffset } = partition
          if (timestamp === -1) return { partitionIndex, errorCode, timestamp: -1, offset: endOffset, leaderEpoch }
          if (timestamp === -2) return { partitionIndex, errorCode, timestamp: -1, offset: startOffset, leaderEpoch }
          const { compression } = this.runtime
          const records = partition.records((codec, bytes) => compression.decompress(codec, bytes, 2 ** 20))
          const found = records.find((record) => record.timestamp >= timestamp)
          return { partitionIndex, errorCode, timestamp: found?.timestamp ?? -1, offset: found?.offset ?? -1, leaderEpoch }
        }),
      })),
    }
  }

  #find(nodeId: number, name: string, topicId: string, index: number): readonly [FakePartition | null, number] {
    const isById = name === ''
    const topic = isById ? [...this.topics.values()].find((entry) => entry.topicId === topicId) : this.topics.get(name)
    const partition = topic?.partitions[index]
    if (partition === undefined) return [null, isById ? ERROR_CODES.UNKNOWN_TOPIC_ID : ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION]
    if (partition.leaderId !== nodeId) return [null, ERROR_CODES.NOT_LEADER_OR_FOLLOWER]
    return [partition, ERROR_CODES.NONE]
  }
}

function hostOf(nodeId: number): string {
  return `b${nodeId}`
}
