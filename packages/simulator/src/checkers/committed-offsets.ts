/**
 * Offsets of one group: a commit that was acknowledged is what the next OffsetFetch finds, unless another one was sent that may have
 * come after it. Commits are told apart by their metadata.
 *
 * In other words: each partition's offset is a register that all agree on. What was seen once was committed by then.
 */
export interface Commit {
  readonly id: string
  readonly partition: number
  readonly offset: number
  readonly sentMs: number
  /** By when it had taken effect; infinite for one that nobody was told of, which may do so at any later time. */
  effectiveMs: number
  outcome: 'pending' | 'acknowledged' | 'refused' | 'maybe'
}

export interface FoundOffset {
  readonly partition: number
  /** -1 for none. */
  readonly offset: number
  readonly id: string
}

export class CommittedOffsets {
  readonly #complain: (message: string) => void
  readonly #commits = new Map<string, Commit>()
  /** By partition. */
  readonly #effective = new Map<number, Set<Commit>>()

  constructor(complain: (message: string) => void) {
    this.#complain = complain
  }

  sending(id: string, partition: number, offset: number, sentMs: number): Commit {
    const commit: Commit = { id, partition, offset, sentMs, effectiveMs: Number.POSITIVE_INFINITY, outcome: 'pending' }
    this.#commits.set(id, commit)
    return commit
  }

  /** `refused` is certain: it will never take effect. */
  ended(commit: Commit, outcome: 'acknowledged' | 'refused' | 'maybe', nowMs: number): void {
    if (commit.outcome === 'acknowledged') {
      if (outcome === 'refused') this.#complain(`"${commit.id}" was found, and then refused`)
      return
    }
    commit.outcome = outcome
    if (outcome === 'acknowledged') this.#takesEffect(commit, nowMs)
  }

  /** OffsetFetch, asked at `sentMs`, was answered so. */
  found({ partition, offset, id }: FoundOffset, sentMs: number, nowMs: number): void {
    const commit = offset < 0 ? null : this.#commits.get(id)
    const place = `offset ${offset} ("${id}") of partition ${partition}`
    if (commit === undefined) return this.#complain(`${place} was found, and nobody committed it`)
    if (commit?.outcome === 'refused') return this.#complain(`${place} was found, and had been refused`)
    if (commit !== null && (commit.partition !== partition || commit.offset !== offset)) {
      return this.#complain(`${place} was found, and committed as ${commit.offset} of partition ${commit.partition}`)
    }
    const beganMs = commit?.effectiveMs ?? Number.NEGATIVE_INFINITY
    for (const other of this.#effective.get(partition) ?? []) {
      // It came after what was found, and before anybody looked.
      if (other === commit || other.sentMs <= beganMs || other.effectiveMs >= sentMs) continue
      return this.#complain(`${place} was found at ${nowMs} ms, and "${other.id}" was acknowledged at ${other.effectiveMs} ms, before that`)
    }
    if (commit !== null) {
      commit.outcome = 'acknowledged'
      this.#takesEffect(commit, nowMs)
    }
  }

  #takesEffect(commit: Commit, nowMs: number): void {
    commit.effectiveMs = Math.min(commit.effectiveMs, nowMs)
    const known = this.#effective.get(commit.partition)
    if (known === undefined) this.#effective.set(commit.partition, new Set([commit]))
    else known.add(commit)
  }
}
