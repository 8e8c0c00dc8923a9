/**
 * What happened in a run, as a number: two runs with the same number did the same. The lines that people read are only kept when
 * somebody wants to see them, since a run that failed can be had again.
 */
const OFFSET = 0x811c9dc5
const PRIME = 0x01000193

export class Trace {
  readonly #keeps: number
  readonly #codes = new Map<string, number>()
  #lines: string[] = []
  #high = OFFSET
  #low = OFFSET ^ 0x5bd1e995

  /** Keeps the last so many lines. */
  constructor(keeps = 0) {
    this.#keeps = keeps
  }

  get isKept(): boolean {
    return this.#keeps > 0
  }

  get lines(): readonly string[] {
    return this.#lines.slice(-this.#keeps)
  }

  get hash(): string {
    return `${hex(this.#high)}${hex(this.#low)}`
  }

  note(who: string, what: string, ...numbers: readonly number[]): void {
    this.#mix(this.#code(who))
    this.#mix(this.#code(what))
    for (const number of numbers) this.#mix(number)
  }

  line(text: () => string): void {
    if (!this.isKept) return
    this.#lines.push(text())
    if (this.#lines.length > 4 * this.#keeps) this.#lines = this.#lines.slice(-this.#keeps)
  }

  #mix(value: number): void {
    this.#high = Math.imul(this.#high ^ value, PRIME) >>> 0
    this.#low = (Math.imul(this.#low ^ this.#high, 0x85ebca6b) ^ (this.#low >>> 13)) >>> 0
  }

  #code(text: string): number {
    let code = this.#codes.get(text)
    if (code === undefined) {
      code = OFFSET
      for (let at = 0; at < text.length; at += 1) code = Math.imul(code ^ text.charCodeAt(at), PRIME) >>> 0
      this.#codes.set(text, code)
    }
    return code
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0')
}
