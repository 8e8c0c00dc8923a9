/** Which groups heard of a connection, so that its end is told to them and to no others. */
export class Connections {
  readonly #groupIds = new Map<number, Set<string>>()

  add(connectionId: number, groupId: string): void {
    const groupIds = this.#groupIds.get(connectionId)
    if (groupIds === undefined) this.#groupIds.set(connectionId, new Set([groupId]))
    else groupIds.add(groupId)
  }

  /** The connection is closed: nothing will be heard on it again. */
  remove(connectionId: number): Iterable<string> {
    const groupIds = this.#groupIds.get(connectionId) ?? []
    this.#groupIds.delete(connectionId)
    return groupIds
  }
}
