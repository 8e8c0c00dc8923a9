/** Operations on the cluster's metadata, each with the time between its call and its return. */
export interface MetadataOperation {
  readonly type: 'create' | 'delete'
  readonly topic: string
  readonly calledAt: number
  /** Infinite for what has not returned: it may take effect at any later time. */
  returnedAt: number
  outcome: 'pending' | 'done' | 'refused' | 'maybe'
}

export class MetadataHistory {
  readonly #operations: MetadataOperation[] = []
  /** Counts calls and returns: all that matters of time is what came before what. */
  #moment = 0

  get operations(): readonly MetadataOperation[] {
    return this.#operations
  }

  begin(type: 'create' | 'delete', topic: string): MetadataOperation {
    const operation: MetadataOperation = {
      type,
      topic,
      calledAt: (this.#moment += 1),
      returnedAt: Number.POSITIVE_INFINITY,
      outcome: 'pending',
    }
    this.#operations.push(operation)
    return operation
  }

  end(operation: MetadataOperation, outcome: 'done' | 'refused' | 'maybe'): void {
    operation.outcome = outcome
    // A request whose answer got lost may still be on its way.
    if (outcome !== 'maybe') operation.returnedAt = this.#moment += 1
  }
}
