/** One line on a terminal's standard error that tells how far long work is, drawn over itself; nothing where nobody looks. */
import type { Io } from '../io.ts'
import { bytesText, countText, plural } from './quantity.ts'

const INTERVAL_MS = 200
const ERASE_LINE = '\r\u001b[K'

export class Progress {
  readonly #io: Io
  readonly #verb: string
  readonly #startedAtMs: number
  readonly #stopDrawing: () => void
  #isDrawn = false
  #records = 0
  #bytes = 0

  /** `verb` is what is done to the records, as in "sent". `isShown` false only counts. */
  constructor(io: Io, verb: string, isShown: boolean) {
    this.#io = io
    this.#verb = verb
    this.#startedAtMs = io.now()
    this.#stopDrawing = isShown && io.stderr.isTerminal ? io.every(INTERVAL_MS, () => this.#draw()) : () => {}
  }

  get records(): number {
    return this.#records
  }

  get bytes(): number {
    return this.#bytes
  }

  get elapsedMs(): number {
    return this.#io.now() - this.#startedAtMs
  }

  add(records: number, bytes: number): void {
    this.#records += records
    this.#bytes += bytes
  }

  /** Takes the line away again. Idempotent. */
  end(): void {
    this.#stopDrawing()
    if (this.#isDrawn) void this.#io.stderr.write(ERASE_LINE)
    this.#isDrawn = false
  }

  #draw(): void {
    this.#isDrawn = true
    const seconds = Math.max(this.elapsedMs, 1) / 1_000
    const rate = `${countText(this.#records / seconds)}/s, ${bytesText(this.#bytes / seconds)}/s`
    const line = `${plural(this.#records, 'record')} ${this.#verb}, ${bytesText(this.#bytes)} (${rate})`
    void this.#io.stderr.write(`${ERASE_LINE}${line.slice(0, this.#io.stderr.columns - 1)}`)
  }
}
