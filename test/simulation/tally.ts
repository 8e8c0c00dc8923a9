/** Adds up what many runs had in common: speed, which faults met whom, and the rare states that were reached. */
import type { Outcome } from '@millrace/simulator'

export class Tally {
  runs = 0
  #simulatedMs = 0
  #wallMs = 0
  #events = 0
  #acknowledged = 0
  readonly #hits = new Map<string, number>()
  readonly #reached = new Map<string, number>()

  add(outcome: Outcome, wallMs: number): void {
    this.runs += 1
    this.#simulatedMs += outcome.simulatedMs
    this.#wallMs += wallMs
    this.#events += outcome.events
    this.#acknowledged += outcome.acknowledged
    for (const [key, count] of outcome.hits) this.#hits.set(key, (this.#hits.get(key) ?? 0) + count)
    for (const [name, count] of outcome.reached) this.#reached.set(name, (this.#reached.get(name) ?? 0) + count)
  }

  line(): string {
    const speed = (this.#simulatedMs / this.#wallMs).toFixed(0)
    const seconds = (this.#simulatedMs / 1000).toFixed(0)
    const work = `${this.#events} events, ${this.#acknowledged} records acknowledged`
    return `${this.runs} runs, ${seconds} simulated seconds, ${speed} a second, ${work}`
  }

  /** Kinds of faults by the roles they met, then the rare states. */
  tables(): string {
    const cells = [...this.#hits].map(([key, count]) => ({ kind: key.split(' ')[0] ?? '', role: key.split(' ')[1] ?? '', count }))
    const roles = [...new Set(cells.map(({ role }) => role))].toSorted()
    const kinds = [...new Set(cells.map(({ kind }) => kind))].toSorted()
    const countOf = (kind: string, role: string): number => cells.find((cell) => cell.kind === kind && cell.role === role)?.count ?? 0
    const rows = kinds.map((kind) => `${kind.padEnd(14)}${roles.map((role) => String(countOf(kind, role)).padStart(12)).join('')}\n`)
    const head = `${'fault'.padEnd(14)}${roles.map((role) => role.padStart(12)).join('')}\n`
    const states = [...this.#reached].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => `sometimes: ${name}: ${count}\n`)
    return (kinds.length === 0 ? '' : head) + rows.join('') + states.join('')
  }
}
