/**
 * Cuts a log: a replica drops what its leader does not have, or begins anew where the leader's log begins. One cut at a time, while
 * nothing is flushed and compaction replaces no segment.
 */
import { Gate } from '../gate.ts'
import type { LogEnvironment } from '../log-environment.ts'
import type { LogFlusher } from '../log-flusher.ts'
import type { LogParts } from '../log-parts.ts'
import { type CutPlace, findCut } from './cut-place.ts'
import { CutSteps } from './cut-steps.ts'

export interface CutListener {
  /** In memory the log ends there now. */
  onCut(place: CutPlace): void
  /** In memory the log begins and ends there now. */
  onMoved(offset: number): void
}

export class LogCutter {
  readonly #log: LogParts
  readonly #flusher: LogFlusher
  readonly #steps: CutSteps
  readonly #listener: CutListener
  readonly #gate = new Gate(1)
  #underWay = 0
  #cuts = 0

  constructor(environment: LogEnvironment, log: LogParts, flusher: LogFlusher, listener: CutListener) {
    this.#log = log
    this.#flusher = flusher
    this.#steps = new CutSteps(environment, log)
    this.#listener = listener
  }

  get isCutting(): boolean {
    return this.#underWay > 0
  }

  get cuts(): number {
    return this.#cuts
  }

  truncateTo(offset: number, logStartOffset: number): Promise<void> {
    const { segments, appender, epochs } = this.#log
    return this.#cut(async () => {
      if (offset >= appender.logEndOffset) {
        // A leader that appended nothing may have left an epoch behind.
        if (epochs.cache.truncateFromEnd(offset)) await this.#unchanged(() => epochs.write())
        return
      }
      const place = await this.#unchanged(() => findCut(segments, offset))
      if (place.endOffset >= logStartOffset) await this.#cutAt(place)
      // The batch that goes is the one that holds the log's start.
      else await this.#beginAt(logStartOffset)
    })
  }

  resetTo(offset: number): Promise<void> {
    return this.#cut(() => this.#beginAt(offset))
  }

  /** Runs `work` while no cut is under way. */
  alone<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#gate.run(work)
  }

  async #cut(work: () => Promise<void>): Promise<void> {
    this.#log.health.assertUsable()
    this.#underWay += 1
    try {
      await this.alone(() => this.#flusher.alone(work))
    } finally {
      this.#underWay -= 1
      this.#cuts += 1
    }
  }

  async #cutAt(place: CutPlace): Promise<void> {
    await this.#unchanged(() => this.#steps.announce(place))
    await this.#toTheEnd(() =>
      this.#steps.cut(place, () => {
        this.#flusher.lower()
        this.#listener.onCut(place)
      }),
    )
    this.#flusher.allDurable()
  }

  async #beginAt(offset: number): Promise<void> {
    const { segments } = this.#log
    await this.#cutAt(await this.#unchanged(() => findCut(segments, segments.first.baseOffset)))
    await this.#moveTo(offset)
  }

  async #moveTo(offset: number): Promise<void> {
    await this.#toTheEnd(() =>
      this.#steps.moveTo(offset, () => {
        this.#flusher.lower()
        this.#listener.onMoved(offset)
      }),
    )
    this.#flusher.allDurable()
  }

  /** What fails here has left the log as it was. */
  async #unchanged<Result>(work: () => Promise<Result>): Promise<Result> {
    const { health } = this.#log
    health.assertUsable()
    try {
      return await work()
    } catch (error) {
      throw health.failed(error)
    }
  }

  /** What fails here leaves memory and disk at odds. */
  async #toTheEnd(work: () => Promise<void>): Promise<void> {
    const { health } = this.#log
    health.assertUsable()
    try {
      await work()
    } catch (error) {
      throw health.brokenOff(error)
    }
  }
}
