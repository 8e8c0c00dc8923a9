/**
 * What was asked of transaction coordinators and is not appended yet: a batch that begins a transaction in a partition is appended
 * only if the coordinator confirms that the partition takes part in it (KIP-890). Between the question and the append the
 * transaction may end, and a batch that came late would begin one that nobody ever ends. So whatever a producer has appended, a
 * marker above all, puts an end to the verification that was under way, and the batch is refused.
 *
 * It is this leader's own, and never stored: who asks again after a failover is verified again.
 *
 * Invariant: at most one verification of a producer is in force, that of the latest epoch that was asked about.
 */

/** One question to the coordinator; all batches of a producer's epoch that wait for the answer share it. */
export interface TransactionVerification {
  readonly producerId: number
  readonly producerEpoch: number
  /** The least that was asked about: what has a larger one is not the transaction's first batch here. */
  lowestSequence: number
  readonly beganMs: number
}

/** Of one partition: beyond this many, the one that is oldest is no longer in force. */
const VERIFICATIONS_MAX = 1_000

export class TransactionVerifications {
  /** By producer id, oldest first. */
  readonly #inForce = new Map<number, TransactionVerification>()

  begin(producerId: number, producerEpoch: number, sequence: number, nowMs: number): TransactionVerification {
    const known = this.#inForce.get(producerId)
    if (known?.producerEpoch === producerEpoch) {
      known.lowestSequence = Math.min(known.lowestSequence, sequence)
      return known
    }
    const begun = { producerId, producerEpoch, lowestSequence: sequence, beganMs: nowMs }
    // One of an epoch that is over is answered, but never in force.
    if (known !== undefined && known.producerEpoch > producerEpoch) return begun
    this.#inForce.delete(producerId)
    this.#inForce.set(producerId, begun)
    if (this.#inForce.size > VERIFICATIONS_MAX) this.#dropOldest()
    return begun
  }

  isInForce(verification: TransactionVerification): boolean {
    return this.#inForce.get(verification.producerId) === verification
  }

  end(producerId: number): void {
    this.#inForce.delete(producerId)
  }

  expire(nowMs: number, expirationMs: number): void {
    for (const [producerId, { beganMs }] of this.#inForce) {
      if (nowMs - beganMs >= expirationMs) this.#inForce.delete(producerId)
    }
  }

  clear(): void {
    this.#inForce.clear()
  }

  #dropOldest(): void {
    for (const producerId of this.#inForce.keys()) {
      this.#inForce.delete(producerId)
      return
    }
  }
}
