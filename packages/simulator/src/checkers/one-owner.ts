/**
 * A partition has one owner in its group: never do two members have it that the coordinator goes on to count as members.
 *
 * A member has a partition from the moment at which it heard so until it let go. A member that was shut out has it still, and does
 * not know better; that is nobody's fault. But what it asks after somebody else has heard that the partition is his must be refused.
 * So a member is known to have had a partition up to the last request that it sent while it had it, and that was then granted.
 */
interface Holding {
  readonly who: string
  readonly fromMs: number
  /** When the last request was sent that was granted; before any was, minus infinity. */
  grantedMs: number
}

export class OneOwner {
  readonly #complain: (message: string) => void
  /** By partition, all that there have ever been. */
  readonly #holdings = new Map<number, Holding[]>()
  /** By partition and member. */
  readonly #held = new Map<number, Map<string, Holding>>()
  /** By generation of a classic group and partition: whom its leader gave it. */
  readonly #assigned = new Map<number, Map<number, string>>()

  constructor(complain: (message: string) => void) {
    this.#complain = complain
  }

  /** The member has heard that these are its. */
  has(who: string, partitions: readonly number[], nowMs: number): void {
    for (const partition of partitions) {
      const held = this.#heldOf(partition)
      if (held.has(who)) continue
      const holding = { who, fromMs: nowMs, grantedMs: Number.NEGATIVE_INFINITY }
      held.set(who, holding)
      const all = this.#holdings.get(partition)
      if (all === undefined) this.#holdings.set(partition, [holding])
      else all.push(holding)
    }
  }

  /** It does not read them any more, whoever knows. */
  letGo(who: string, partitions: readonly number[]): void {
    for (const partition of partitions) this.#heldOf(partition).delete(who)
  }

  /** Nobody of that name reads anything any more. */
  isGone(who: string): void {
    for (const held of this.#held.values()) held.delete(who)
  }

  /** What only a member may ask was granted to it. `partitions` are those that it had when it asked. */
  granted(who: string, partitions: readonly number[], sentMs: number): void {
    for (const partition of partitions) {
      const holding = this.#heldOf(partition).get(who)
      if (holding === undefined || sentMs < holding.fromMs || sentMs <= holding.grantedMs) continue
      holding.grantedMs = sentMs
      for (const other of this.#holdings.get(partition) ?? []) if (other.who !== who) this.#compare(partition, holding, other)
    }
  }

  /** In a generation of a classic group, as the coordinator handed it out. `owner` is the same for whoever takes a member's place. */
  assigned(owner: string, generation: number, partitions: readonly number[]): void {
    const known = this.#assigned.get(generation) ?? new Map<number, string>()
    this.#assigned.set(generation, known)
    for (const partition of partitions) {
      const other = known.get(partition) ?? owner
      if (other !== owner) this.#complain(`in generation ${generation}, partition ${partition} was given to ${other} and to ${owner}`)
      known.set(partition, owner)
    }
  }

  #compare(partition: number, one: Holding, other: Holding): void {
    const sinceMs = Math.max(one.fromMs, other.fromMs)
    if (sinceMs >= Math.min(one.grantedMs, other.grantedMs)) return
    this.#complain(`since ${sinceMs} ms, both ${one.who} and ${other.who} had partition ${partition}, and were counted as members`)
  }

  #heldOf(partition: number): Map<string, Holding> {
    const known = this.#held.get(partition)
    if (known !== undefined) return known
    const held = new Map<string, Holding>()
    this.#held.set(partition, held)
    return held
  }
}
