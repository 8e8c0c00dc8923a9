/** What is to happen, soonest first: a binary heap ordered by time, then by lot, then by the order of asking. */
export interface HeapEntry {
  timeMs: number
  /** Drawn by chance, so that nothing can rely on the order of what happens at one moment. */
  lot: number
  seq: number
}

export class EventHeap<Entry extends HeapEntry> {
  readonly #entries: Entry[] = []

  get size(): number {
    return this.#entries.length
  }

  peek(): Entry | undefined {
    return this.#entries[0]
  }

  push(entry: Entry): void {
    const entries = this.#entries
    let index = entries.length
    entries.push(entry)
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(entry, entries[parent] as Entry)) break
      entries[index] = entries[parent] as Entry
      index = parent
    }
    entries[index] = entry
  }

  /** `change` may move each entry to another time. */
  change(change: (entry: Entry) => void): void {
    for (const entry of this.#entries) change(entry)
    this.#entries.sort((a, b) => (isBefore(a, b) ? -1 : 1))
  }

  pop(): Entry | undefined {
    const entries = this.#entries
    const first = entries[0]
    const last = entries.pop()
    if (first === undefined || last === undefined || entries.length === 0) return first
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= entries.length) break
      if (child + 1 < entries.length && isBefore(entries[child + 1] as Entry, entries[child] as Entry)) child += 1
      if (!isBefore(entries[child] as Entry, last)) break
      entries[index] = entries[child] as Entry
      index = child
    }
    entries[index] = last
    return first
  }
}

function isBefore(a: HeapEntry, b: HeapEntry): boolean {
  if (a.timeMs !== b.timeMs) return a.timeMs < b.timeMs
  return a.lot === b.lot ? a.seq < b.seq : a.lot < b.lot
}
