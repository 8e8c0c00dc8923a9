/** Who leads the partitions of one topic, as a client finds it: asked for when it is needed, and again when it was wrong. */
import { metadataApi } from '@millrace/protocol'
import type { Address } from '@millrace/runtime'
import type { RandomStream } from '../../core/random-streams.ts'
import { NoAnswer, type Requester } from './requester.ts'

export interface LeaderFinderOptions {
  readonly requester: Requester
  /** Any of them is asked. */
  readonly brokers: readonly Address[]
  readonly random: RandomStream
  readonly topic: string
}

export class LeaderFinder {
  readonly #options: LeaderFinderOptions
  #leaders: ReadonlyMap<number, Address> | null = null

  constructor(options: LeaderFinderOptions) {
    this.#options = options
  }

  /** Rejects with `NoAnswer`, also when the partition has no leader now. */
  async find(partition: number): Promise<Address> {
    this.#leaders ??= await this.#ask()
    const leader = this.#leaders.get(partition)
    if (leader === undefined) throw new NoAnswer('the partition has no leader')
    return leader
  }

  forget(): void {
    this.#leaders = null
  }

  async #ask(): Promise<ReadonlyMap<number, Address>> {
    const { requester, random, brokers, topic } = this.#options
    const request = { topics: [{ name: topic }], allowAutoTopicCreation: false }
    const answer = await requester.ask(random.pick(brokers), metadataApi, 9, request)
    const addresses = new Map(answer.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]))
    const partitions = answer.topics[0]?.partitions ?? []
    return new Map(
      partitions.flatMap(({ partitionIndex, leaderId }) => {
        const address = addresses.get(leaderId)
        return address === undefined ? [] : [[partitionIndex, address] as const]
      }),
    )
  }
}
