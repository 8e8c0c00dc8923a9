/**
 * Calls that come late while what the same node sends after them does not: as they do where one waits in a queue on its way, or is
 * sent again over another connection. Of one that is sent again the first may come at its time, and the second late.
 */
interface Late {
  readonly from: string
  readonly method: string
  readonly byMs: number
}

export class LateCalls {
  readonly #late = new Set<Late>()
  readonly #repeated = new Set<Late>()

  /** Calls of `method` from that address are late until the returned function is called. */
  add(from: string, method: string, byMs: number): () => void {
    return put(this.#late, { from, method, byMs })
  }

  /** They come at their time, and so much later again, until the returned function is called. */
  repeat(from: string, method: string, byMs: number): () => void {
    return put(this.#repeated, { from, method, byMs })
  }

  /** 0 for one that is not late. */
  latenessMs(from: string, method: string): number {
    return latest(this.#late, from, method)
  }

  /** 0 for one that comes once. */
  repetitionMs(from: string, method: string): number {
    return latest(this.#repeated, from, method)
  }
}

function put(entries: Set<Late>, entry: Late): () => void {
  entries.add(entry)
  return () => void entries.delete(entry)
}

function latest(entries: Iterable<Late>, from: string, method: string): number {
  let byMs = 0
  for (const entry of entries) if (entry.from === from && entry.method === method) byMs = Math.max(byMs, entry.byMs)
  return byMs
}
