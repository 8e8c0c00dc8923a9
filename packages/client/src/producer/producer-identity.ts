/** Producer ids from the cluster, one for all partitions until a partition has used it up. */
import { ERROR_CODES, initProducerIdApi } from '@millrace/protocol'
import { brokerError } from '../errors.ts'
import type { Cluster } from '../metadata/cluster.ts'
import { retry } from '../network/retry.ts'
import type { ProducerIdentity } from './partition-queue.ts'

/** Brokers do not look at it without a transactional id, but some want it to be positive. */
const NO_TRANSACTION_TIMEOUT_MS = 2147483647

export class ProducerIdentitySource {
  readonly #cluster: Cluster
  #current: ProducerIdentity | null = null
  #request: Promise<void> | null = null

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** The identity at hand, unless there is none or it is the one that is used up. */
  takeOtherThan(usedProducerId: number | null): ProducerIdentity | null {
    return this.#current === null || this.#current.producerId === usedProducerId ? null : this.#current
  }

  /** Asks the cluster for a new identity. Concurrent calls share one request. */
  request(): Promise<void> {
    this.#request ??= this.#ask().finally(() => {
      this.#request = null
    })
    return this.#request
  }

  async #ask(): Promise<void> {
    const { settings, closing } = this.#cluster
    const deadlineMs = this.#cluster.nowMs + settings.retryTimeoutMs
    this.#current = await retry(settings, closing, deadlineMs, async () => {
      const connection = await this.#cluster.anyConnection()
      const body = { transactionalId: null, transactionTimeoutMs: NO_TRANSACTION_TIMEOUT_MS }
      const { errorCode, producerId, producerEpoch } = await connection.request(initProducerIdApi, body)
      if (errorCode !== ERROR_CODES.NONE) throw brokerError(errorCode)
      return { producerId, producerEpoch }
    })
  }
}
