/**
 * One life of a process: from its start to its crash. Whatever the process asked for (timers, answers of the disk, bytes from the
 * network) belongs to its life and is dropped with it, so that a crash runs no cleanup and nothing of it comes later.
 */
export class Life {
  /** Who lives, as the trace names it. */
  readonly who: string
  /** Counts the starts of this process. */
  readonly incarnation: number
  readonly bornMs: number
  #isAlive = true
  /** Nothing reaches the process before this; what was due comes late, in order. */
  pausedUntilMs = 0

  constructor(who: string, incarnation: number, bornMs: number) {
    this.who = who
    this.incarnation = incarnation
    this.bornMs = bornMs
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  end(): void {
    this.#isAlive = false
  }
}

/** Thrown through the code of a process that crashed in the middle of a turn. Nothing that catches it can do anything any more. */
export class CrashedError extends Error {
  constructor(who: string) {
    super(`${who} has crashed`)
    this.name = 'CrashedError'
  }
}
