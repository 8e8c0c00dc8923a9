/** Produces to and reads from the leaders of a cluster of brokers, as a client that looks leaders up in the metadata does. */
import { ERROR_CODES, fetchApi, produceApi } from '@millrace/protocol'
import type { ApiDefinition, Decoded, Encodable, MessageDefinition } from '@millrace/protocol'
import { BufferPool, silentLogger } from '@millrace/runtime'
import { RequestMemory } from '../network/request-memory.ts'
import { PeerConnection } from '../replication/peer-connection.ts'
import { batchOf, valuesOf } from './batches.ts'
import type { BrokerCluster } from './broker-cluster.ts'
import { wholeBatches } from './fetch-calls.ts'
import { settled } from './settled.ts'

const MAX_FRAME_BYTES = 10_000_000
const PRODUCE_VERSION = 12
const FETCH_VERSION = 12

export class ClusterClient {
  readonly #cluster: BrokerCluster
  readonly #connections = new Map<string, PeerConnection>()

  constructor(cluster: BrokerCluster) {
    this.#cluster = cluster
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close('the test is over')
  }

  /** One try, at whoever leads by the metadata (or `brokerId`). The error code; -1 when the connection broke. */
  async produce(topic: string, value: string, options: { readonly acks?: number; readonly brokerId?: number } = {}): Promise<number> {
    const brokerId = options.brokerId ?? this.#cluster.controller.partition(topic).leader
    const answer = await this.#call(brokerId, produceApi, PRODUCE_VERSION, {
      acks: options.acks ?? -1,
      timeoutMs: 10_000,
      topicData: [{ name: topic, partitionData: [{ index: 0, records: batchOf({ records: [value] }) }] }],
    })
    return answer?.responses[0]?.partitionResponses[0]?.errorCode ?? -1
  }

  /** Tries until it is acknowledged, as producers do, and lets time pass meanwhile. */
  async produceSurely(topic: string, value: string): Promise<void> {
    for (let tries = 0; tries < 500; tries += 1) {
      const errorCode = await this.#cluster.during(this.produce(topic, value))
      if (errorCode === ERROR_CODES.NONE) return
      await this.#cluster.pass(20)
    }
    throw new Error(`${value} was not acknowledged`)
  }

  /** All values that a consumer sees, at the leader or at `brokerId`; null when it is refused. */
  async read(topic: string, brokerId = this.#cluster.controller.partition(topic).leader): Promise<string[] | null> {
    const values: string[] = []
    for (let fetchOffset = 0; ; ) {
      const answer = await this.#call(brokerId, fetchApi, FETCH_VERSION, {
        maxWaitMs: 0,
        minBytes: 0,
        topics: [{ topic, partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1_000_000 }] }],
        forgottenTopicsData: [],
      })
      const result = answer?.responses[0]?.partitions[0]
      if (result === undefined || result.errorCode !== ERROR_CODES.NONE) return null
      const batches = wholeBatches(result.records ?? new Uint8Array(0))
      if (batches.length === 0) return values
      for (const batch of batches) values.push(...valuesOf(batch))
      fetchOffset = values.length
    }
  }

  async #call<Req extends MessageDefinition, Res extends MessageDefinition>(
    brokerId: number,
    api: ApiDefinition<Req, Res>,
    version: number,
    request: Encodable<Req>,
  ): Promise<Decoded<Res> | null> {
    const registration = this.#cluster.controller.feed.image().brokers.get(brokerId)
    const listener = registration?.listeners[0]
    if (listener === undefined) return null
    const key = `${listener.host}:${listener.port}`
    const connection = this.#connections.get(key) ?? (await this.#connect(key, listener))
    if (connection === null) return null
    return new Promise((resolve) => {
      this.#onClosed.set(connection, [...(this.#onClosed.get(connection) ?? []), () => resolve(null)])
      connection.send(api, version, request, (answer) => resolve(structuredClone(answer)))
    })
  }

  readonly #onClosed = new Map<PeerConnection, (() => void)[]>()

  async #connect(key: string, address: { readonly host: string; readonly port: number }): Promise<PeerConnection | null> {
    try {
      const connection = await this.#cluster.network.host('client').connect({ host: address.host, port: address.port })
      const peer: PeerConnection = new PeerConnection({
        connection,
        clock: this.#cluster.clock,
        logger: silentLogger,
        memory: new RequestMemory({ pool: new BufferPool(), maxBytes: MAX_FRAME_BYTES }),
        maxFrameBytes: MAX_FRAME_BYTES,
        timeoutMs: 120_000,
        clientId: 'test',
        onClosed: () => {
          if (this.#connections.get(key) === peer) this.#connections.delete(key)
          for (const tell of this.#onClosed.get(peer) ?? []) tell()
          this.#onClosed.delete(peer)
        },
      })
      this.#connections.set(key, peer)
      return peer
    } catch {
      await settled()
      return null
    }
  }
}
