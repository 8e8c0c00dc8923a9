/**
 * What the members of a group subscribe to. Mostly it is the same for all, so it is kept once and shared: what has to be done for a
 * subscription is not done again for each member, and lists of names take memory once.
 */

export interface Subscription {
  readonly names: readonly string[]
  readonly expression: string | null
}

interface Shared {
  readonly subscription: Subscription
  memberCount: number
}

export class Subscriptions {
  readonly #shared = new Map<string, Shared>()

  /** Each that a member has, once. */
  all(): Subscription[] {
    return Array.from(this.#shared.values(), ({ subscription }) => subscription)
  }

  /** Another member has it. Gives the one that all share. */
  add(subscription: Subscription): Subscription {
    const key = keyOf(subscription)
    const known = this.#shared.get(key)
    if (known === undefined) this.#shared.set(key, { subscription, memberCount: 1 })
    else known.memberCount += 1
    return known?.subscription ?? subscription
  }

  remove(subscription: Subscription): void {
    const key = keyOf(subscription)
    const known = this.#shared.get(key) as Shared
    known.memberCount -= 1
    if (known.memberCount === 0) this.#shared.delete(key)
  }
}

/** Names are what clients state: they need not be names that a topic could have. */
function keyOf({ names, expression }: Subscription): string {
  return JSON.stringify([expression, ...names])
}
