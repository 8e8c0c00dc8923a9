/**
 * Lets a few tasks run at a time and the others wait, first come first served. For work whose memory is in use from its
 * beginning to its end, so that ten clients who ask for it at once do not make it ten times as much.
 */
export class Turnstile {
  readonly #width: number
  #running = 0
  readonly #waiting: (() => void)[] = []

  constructor(width: number) {
    this.#width = width
  }

  async pass<T>(run: () => Promise<T>): Promise<T> {
    if (this.#running < this.#width) this.#running += 1
    else await new Promise<void>((enter) => this.#waiting.push(enter))
    try {
      return await run()
    } finally {
      // The place goes to the next one, or comes free.
      const enter = this.#waiting.shift()
      if (enter === undefined) this.#running -= 1
      else enter()
    }
  }
}
