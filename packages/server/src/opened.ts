/** What was opened, closed again in the opposite order, also when opening the next thing failed. */
export class Opened {
  readonly #steps: (() => Promise<void>)[] = []

  add(close: () => Promise<void>): void {
    this.#steps.push(close)
  }

  /** Everything is closed, whatever fails; rejects with the first failure. Idempotent. */
  async close(): Promise<void> {
    let failure: { readonly error: unknown } | null = null
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step()
      } catch (error) {
        failure ??= { error }
      }
    }
    if (failure !== null) throw failure.error
  }
}
