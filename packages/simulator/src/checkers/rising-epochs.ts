/**
 * Generations of a classic group, and epochs of a consumer group, only rise: whoever asks after one was heard of is not told of an
 * earlier one, and is not let in with it.
 */
export class RisingEpochs {
  readonly #complain: (message: string) => void
  /** Each higher than the one before it, with when it was first heard of. */
  readonly #heard: { readonly epoch: number; readonly atMs: number }[] = []

  constructor(complain: (message: string) => void) {
    this.#complain = complain
  }

  /** The group has this epoch now. */
  heard(epoch: number, nowMs: number): void {
    if (epoch > (this.#heard.at(-1)?.epoch ?? -1)) this.#heard.push({ epoch, atMs: nowMs })
  }

  /** What was asked at `sentMs` was answered with this epoch, or granted in it. */
  granted(what: string, epoch: number, sentMs: number): void {
    const newest = this.#heard.findLast(({ atMs }) => atMs < sentMs)
    if (newest === undefined || epoch >= newest.epoch) return
    this.#complain(`${what} in epoch ${epoch}, and was asked ${sentMs} ms from the start, when there was epoch ${newest.epoch} already`)
  }
}
