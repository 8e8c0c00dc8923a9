/**
 * One direction of one connection, below the processes: what has left the sender and was not taken by the receiver.
 *
 * Owns the order of bytes and the window that pushes back on the sender. It belongs to its connection alone, so no byte of one
 * connection ever shows in another.
 */
import type { RandomStream } from '../core/random-streams.ts'
import type { Scheduler } from '../core/scheduler.ts'
import type { Link } from './link.ts'

/** Bytes, the orderly end, or the end of everything. */
export type Segment = Uint8Array | 'fin' | 'rst'

export interface PipeEnds {
  /** A segment has arrived. */
  onArrived(segment: Segment): void
  /** False while the host at the far end has no power: nobody takes or refuses anything there. */
  canArrive(goOn: () => void): boolean
  /** The window has room again. */
  onRoom(): void
}

export class Pipe {
  readonly #scheduler: Scheduler
  readonly #random: RandomStream
  readonly #link: Link
  readonly #windowBytes: number
  readonly #ends: PipeEnds
  #inFlight: { readonly segment: Segment; readonly arrivalMs: number }[] = []
  #unackedBytes = 0
  #lastArrivalMs = 0
  #isMoving = false

  constructor(scheduler: Scheduler, random: RandomStream, link: Link, windowBytes: number, ends: PipeEnds) {
    this.#scheduler = scheduler
    this.#random = random
    this.#link = link
    this.#windowBytes = windowBytes
    this.#ends = ends
  }

  /** Bytes that may leave now. */
  get room(): number {
    return Math.max(0, this.#windowBytes - this.#unackedBytes)
  }

  send(segment: Segment): void {
    const bytes = typeof segment === 'string' ? 0 : segment.length
    this.#unackedBytes += bytes
    const now = this.#scheduler.nowMs
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, now + this.#link.delayMs(now, bytes))
    this.#inFlight.push({ segment, arrivalMs: this.#lastArrivalMs })
    this.#move()
  }

  /** The receiver took so many bytes. */
  taken(bytes: number): void {
    this.#unackedBytes -= bytes
    this.#ends.onRoom()
  }

  /** Loses all that is under way but for a beginning, then ends. */
  cut(): void {
    this.#inFlight.length = this.#random.below(this.#inFlight.length + 1)
    this.send('rst')
  }

  #move(): void {
    const next = this.#inFlight[0]
    if (this.#isMoving || next === undefined) return
    this.#isMoving = true
    this.#scheduler.schedule(next.arrivalMs - this.#scheduler.nowMs, null, 'arrive', () => this.#arrive())
  }

  #arrive(): void {
    const retry = (): void => {
      this.#scheduler.schedule(this.#link.retransmissionMs(), null, 'arrive-again', () => this.#arrive())
    }
    if (this.#link.isBlocked) return this.#link.whenOpen(retry)
    if (!this.#ends.canArrive(retry)) return
    this.#isMoving = false
    const next = this.#inFlight.shift()
    if (next !== undefined) this.#ends.onArrived(next.segment)
    this.#move()
  }
}
