/** A cluster in a test: an image that commands are run against, with chance from a counter. */
import {
  applyRecords,
  assertImageInvariants,
  BrokerConfig,
  type BrokerImage,
  type ClusterImage,
  emptyImage,
  type MetadataRecord,
} from '@millrace/metadata'
import type { Command } from '../command.ts'

export class TestCluster {
  image: ClusterImage
  readonly #fromFile: ReadonlyMap<string, string>
  #state: number
  #topicCount = 0

  constructor(brokers: readonly Partial<BrokerImage>[] = [{ id: 1 }], fromFile: Record<string, string> = {}, seed = 1) {
    this.#fromFile = new Map(Object.entries(fromFile))
    this.#state = seed
    this.image = emptyImage('cluster')
    for (const broker of brokers) this.apply([registration(broker)])
  }

  /** Runs the command and applies its records, as if they were committed at once. */
  run<Request, Response>(command: Command<Request, Response>, request: Request): Response {
    const { batches, response } = command(request, {
      image: this.image,
      config: this.config(),
      nextOffset: this.image.offset + 1,
      random: () => this.random(),
      newTopicId: () => `topic-id-${this.#topicCount++}`.padEnd(22, '-'),
    })
    for (const records of batches) this.apply(records)
    return response
  }

  config(): BrokerConfig {
    return new BrokerConfig({ fromFile: this.#fromFile, allBrokers: this.image.configs.defaultBroker() })
  }

  apply(records: readonly MetadataRecord[]): void {
    this.image = applyRecords(this.image, records, { offset: this.image.offset + 1, epoch: 1 }).image
    assertImageInvariants(this.image)
  }

  /** xorshift32: any seed other than 0 runs through all others. */
  random(): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state
    return state >>> 0
  }
}

function registration(broker: Partial<BrokerImage>): MetadataRecord {
  return {
    type: 'register-broker',
    brokerId: broker.id ?? 1,
    brokerEpoch: -1,
    incarnationId: 'incarnation',
    listeners: [],
    rack: broker.rack ?? null,
    directoryIds: [],
    features: [],
    isFenced: broker.isFenced ?? false,
    isInControlledShutdown: broker.isInControlledShutdown ?? false,
  }
}
