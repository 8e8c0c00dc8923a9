/** What the machines of a run are called, in the trace and in faults, and where they are. */
/** What producers write to. */
export const TOPIC = 'orders'

interface Counts {
  readonly nodes: number
  readonly idempotentProducers: number
  readonly plainProducers: number
  readonly consumers: number
  readonly admins: number
}

export function nodeNames({ nodes }: Pick<Counts, 'nodes'>): readonly string[] {
  return numbered('node', nodes)
}

export function clientNames({ idempotentProducers, plainProducers, consumers, admins }: Counts): readonly string[] {
  return [
    ...numbered('producer', idempotentProducers),
    ...numbered('plain', plainProducers),
    ...numbered('consumer', consumers),
    ...numbered('admin', admins),
  ]
}

export function numbered(word: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${word}-${index + 1}`)
}
