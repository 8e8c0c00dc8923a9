/**
 * Calls that come late while what the same node sends after them does not: as they do where one waits in a queue on its way, or is
 * sent again over another connection.
 */
export class LateCalls {
  readonly #late: { readonly from: string; readonly method: string; readonly byMs: number }[] = []

  /** Calls of `method` from that address are late until the returned function is called. */
  add(from: string, method: string, byMs: number): () => void {
    const entry = { from, method, byMs }
    this.#late.push(entry)
    return () => {
      const index = this.#late.indexOf(entry)
      if (index >= 0) this.#late.splice(index, 1)
    }
  }

  /** 0 for one that is not late. */
  latenessMs(from: string, method: string): number {
    let latest = 0
    for (const entry of this.#late) if (entry.from === from && entry.method === method) latest = Math.max(latest, entry.byMs)
    return latest
  }
}
