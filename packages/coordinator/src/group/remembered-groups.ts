/**
 * Groups of which nothing is left and nothing was written: a newcomer was refused, or its id grew old, or the last offset was deleted.
 * Kafka shows such a group as Empty until offsets are next looked at, so tools expect it. What is remembered is bounded, for
 * anybody can bring such groups about.
 */
const GROUPS_MAX = 10_000

export class RememberedGroups {
  readonly #groupIds = new Set<string>()

  has(groupId: string): boolean {
    return this.#groupIds.has(groupId)
  }

  ids(): Iterable<string> {
    return this.#groupIds
  }

  add(groupId: string): void {
    this.#groupIds.add(groupId)
    if (this.#groupIds.size <= GROUPS_MAX) return
    this.#groupIds.delete(this.#groupIds.values().next().value as string)
  }

  delete(groupId: string): void {
    this.#groupIds.delete(groupId)
  }
}
