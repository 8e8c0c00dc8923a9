/**
 * What consumers have seen stays: a record that was once read, or acknowledged, at an offset is what everybody finds there, for ever.
 * That is what it means that reads are prefixes of one log, and that nothing above the high watermark is shown.
 */
import type { History } from '../workload/history.ts'

export class ReadsAgree {
  /** By partition, then by offset. */
  readonly #known: Map<number, { readonly value: string; readonly by: string }>[]
  readonly #history: History
  readonly #onViolation: (message: string) => void

  constructor(partitions: number, history: History, onViolation: (message: string) => void) {
    this.#known = Array.from({ length: partitions }, () => new Map())
    this.#history = history
    this.#onViolation = onViolation
  }

  observe(by: string, partition: number, offset: number, value: string): void {
    const known = this.#known[partition]
    const before = known?.get(offset)
    if (before === undefined) {
      known?.set(offset, { value, by })
      const sent = this.#history.byValue(value)
      if (sent === undefined) this.#onViolation(`${by} found "${value}" at ${partition}@${offset}, which nobody has sent`)
      else if (sent.partition !== partition) this.#onViolation(`${by} found "${value}" in partition ${partition}, not ${sent.partition}`)
    } else if (before.value !== value) {
      this.#onViolation(`${by} found "${value}" at ${partition}@${offset}, where ${before.by} found "${before.value}"`)
    }
  }

  /** Everything that was seen is among what is there in the end. */
  checkFinal(partition: number, found: readonly { readonly offset: number; readonly value: string }[]): void {
    const offsets = new Set(found.map(({ offset }) => offset))
    for (const [offset, { value, by }] of this.#known[partition] ?? []) {
      if (!offsets.has(offset)) this.#onViolation(`"${value}", which ${by} found at ${partition}@${offset}, is gone`)
    }
  }
}
