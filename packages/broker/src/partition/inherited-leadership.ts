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

  /** What the metadata says now is of an earlier life. */
  inherit({ leaderEpoch }: PartitionImage): void {
    this.#latestEpoch = Math.max(this.#latestEpoch, leaderEpoch)
  }

  /** A broker that starts may have yet to learn of all that happened before it was registered, as if it happened now. */
  look(image: PartitionImage): void {
    if (image.replicas.length > 1 && !this.#services.isRegistrationShown()) this.inherit(image)
  }

  /** -1 also while nobody but an earlier life of this broker was elected. */
  leaderOf({ leader, leaderEpoch }: PartitionImage): number {
    return leader === this.#services.nodeId && leaderEpoch <= this.#latestEpoch ? NO_LEADER : leader
  }
}
