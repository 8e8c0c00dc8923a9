/** Who coordinates one group or transactional id, as a client finds it: asked for when it is needed, and again when it was wrong. */
import { ERROR_CODES, findCoordinatorApi } from '@millrace/protocol'
import type { Address } from '@millrace/runtime'
import type { RandomStream } from '../../core/random-streams.ts'
import { NoAnswer, type Requester } from './requester.ts'

export const COORDINATOR_KEYS = { group: 0, transaction: 1 } as const

export interface CoordinatorFinderOptions {
  readonly requester: Requester
  /** Any of them is asked. */
  readonly brokers: readonly Address[]
  readonly random: RandomStream
  readonly keyType: (typeof COORDINATOR_KEYS)[keyof typeof COORDINATOR_KEYS]
  readonly key: string
}

export class CoordinatorFinder {
  readonly #options: CoordinatorFinderOptions
  #found: Address | null = null

  constructor(options: CoordinatorFinderOptions) {
    this.#options = options
  }

  /** Rejects with `NoAnswer`, also when there is none now. */
  async find(): Promise<Address> {
    if (this.#found !== null) return this.#found
    const { requester, random, brokers, keyType, key } = this.#options
    const { coordinators } = await requester.ask(random.pick(brokers), findCoordinatorApi, 4, { keyType, coordinatorKeys: [key] })
    const [found] = coordinators
    if (found === undefined || found.errorCode !== ERROR_CODES.NONE) throw new NoAnswer('there is no coordinator')
    this.#found = { host: found.host, port: found.port }
    return this.#found
  }

  forget(): void {
    this.#found = null
  }
}
