/**
 * Which epochs are of earlier lives of this broker. What it appended in one of them, and others fetched, it may have lost with that
 * life, and would append other records under the same epoch. So it leads again from a later one on.
 */
import type { PartitionImage } from '@millrace/metadata'
import type { PartitionServices } from './partition-services.ts'

const NO_EPOCH = -1
const NO_LEADER = -1

export class InheritedLeadership {
  readonly #services: Pick<PartitionServices, 'nodeId' | 'isRegistrationShown'>
  #latestEpoch = NO_EPOCH

  constructor(services: Pick<PartitionServices, 'nodeId' | 'isRegistrationShown'>) {
    this.#services = services
  }

  /**
   * Until the metadata shows that this life is registered, what it says is of an earlier one: also what a broker that starts has yet to
   * learn of, as if it happened now.
   */
  look({ replicas, leaderEpoch }: PartitionImage): void {
    if (replicas.length > 1 && !this.#services.isRegistrationShown()) this.#latestEpoch = Math.max(this.#latestEpoch, leaderEpoch)
  }

  /** -1 also while nobody but an earlier life of this broker was elected. */
  leaderOf({ leader, leaderEpoch }: PartitionImage): number {
    return leader === this.#services.nodeId && leaderEpoch <= this.#latestEpoch ? NO_LEADER : leader
  }
}
