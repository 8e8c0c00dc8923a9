/**
 * Brokers as observers of the metadata log: how far each has applied it, and when it was last heard of, by the active controller's
 * clock. A broker whose process is a controller too is among the voters or learners already.
 */
import type { ClusterImage, QuorumDescription, ReplicaLag } from '@millrace/metadata'
import type { Clock } from '@millrace/runtime'

const NO_DIRECTORY = 'AAAAAAAAAAAAAAAAAAAAAA'

interface Progress {
  readonly heardMs: number
  /** -1: not since this controller became active. */
  readonly caughtUpMs: number
  /** -1: it has not said. */
  readonly metadataOffset: number
}

export class BrokerObservers {
  readonly #clock: Pick<Clock, 'now'>
  /** Of brokers that were heard of, by id. */
  readonly #progress = new Map<number, Progress>()

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  /** It said how far it has applied the metadata, of which this is the end. */
  heard(brokerId: number, metadataOffset: number, endOffset: number): void {
    const nowMs = this.#clock.now()
    const before = this.#progress.get(brokerId)
    const caughtUpMs = metadataOffset >= endOffset ? nowMs : (before?.caughtUpMs ?? -1)
    this.#progress.set(brokerId, { heardMs: nowMs, caughtUpMs, metadataOffset: Math.max(metadataOffset, before?.metadataOffset ?? -1) })
  }

  /** Of an unregistered one nothing is known. */
  keep(brokers: ClusterImage['brokers']): void {
    for (const brokerId of this.#progress.keys()) if (!brokers.has(brokerId)) this.#progress.delete(brokerId)
  }

  /** Another controller is active. */
  forgetAll(): void {
    this.#progress.clear()
  }

  /** The controllers, with the brokers that are none. */
  addTo(quorum: QuorumDescription, { brokers }: ClusterImage): QuorumDescription {
    const controllers = new Set([...quorum.voters, ...quorum.observers].map(({ nodeId }) => nodeId))
    const observers: ReplicaLag[] = []
    for (const { id, directoryIds } of brokers.values()) {
      const progress = this.#progress.get(id)
      if (progress === undefined || controllers.has(id)) continue
      observers.push({
        nodeId: id,
        directoryId: directoryIds[0] ?? NO_DIRECTORY,
        logEndOffset: progress.metadataOffset < 0 ? -1 : progress.metadataOffset + 1,
        lastFetchMs: progress.heardMs,
        lastCaughtUpMs: progress.caughtUpMs,
      })
    }
    return observers.length === 0 ? quorum : { ...quorum, observers: [...quorum.observers, ...observers] }
  }
}
