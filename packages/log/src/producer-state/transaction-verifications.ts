/**
 * What was asked of transaction coordinators and is not appended yet: a batch that begins a transaction in a partition is appended
 * only if the coordinator confirms that the partition takes part in it (KIP-890). Between the question and the append the
 * transaction may end, and a batch that came late would begin one that nobody ever ends. So whatever a producer has appended, a
 * marker above all, puts an end to the verification that was under way, and the batch is refused.
 *
 * It is this leader's own, and never stored: who asks again after a failover is verified again.
 *
 * Epochs are verified apart from each other: which of them is the producer's, its coordinator says, and who merely claims a later one
 * must not hinder it.
 *
 * Invariant: at most one verification of a producer's epoch is in force.
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
  /** By producer id and epoch; producers in the order in which they asked first, their epochs likewise. */
  readonly #inForce = new Map<number, Map<number, TransactionVerification>>()
  #count = 0

  begin(producerId: number, producerEpoch: number, sequence: number, nowMs: number): TransactionVerification {
    let epochs = this.#inForce.get(producerId)
    const known = epochs?.get(producerEpoch)
    if (known !== undefined) {
      known.lowestSequence = Math.min(known.lowestSequence, sequence)
      return known
    }
    if (this.#count === VERIFICATIONS_MAX) this.#dropOldest()
    epochs = this.#inForce.get(producerId)
    if (epochs === undefined) this.#inForce.set(producerId, (epochs = new Map()))
    const begun = { producerId, producerEpoch, lowestSequence: sequence, beganMs: nowMs }
    epochs.set(producerEpoch, begun)
    this.#count += 1
    return begun
  }

  isInForce(verification: TransactionVerification): boolean {
    return this.#inForce.get(verification.producerId)?.get(verification.producerEpoch) === verification
  }

  /** Of all epochs of the producer. */
  end(producerId: number): void {
    this.#count -= this.#inForce.get(producerId)?.size ?? 0
    this.#inForce.delete(producerId)
  }

  expire(nowMs: number, expirationMs: number): void {
    for (const epochs of this.#inForce.values()) {
      for (const verification of epochs.values()) {
        if (nowMs - verification.beganMs >= expirationMs) this.#drop(verification)
      }
    }
  }

  clear(): void {
    this.#inForce.clear()
    this.#count = 0
  }

  #dropOldest(): void {
    for (const epochs of this.#inForce.values()) {
      for (const verification of epochs.values()) return this.#drop(verification)
    }
  }

  #drop({ producerId, producerEpoch }: TransactionVerification): void {
    const epochs = this.#inForce.get(producerId)
    if (epochs?.delete(producerEpoch) !== true) return
    this.#count -= 1
    if (epochs.size === 0) this.#inForce.delete(producerId)
  }
}
