/**
 * Creations and deletions of a topic behave as if each had happened at one moment between its call and its return.
 *
 * Searches, in the manner of Wing and Gong, for such an order: it goes through the calls and returns in their order and keeps every
 * state that is possible, together with which of the open operations have happened in it. Operations whose outcome nobody knows stay
 * open for ever; as all those of a type are alike, only their number matters.
 */
import type { MetadataOperation } from '../workload/metadata-history.ts'

interface Possibility {
  readonly exists: boolean
  /** Open operations that have happened, as their indexes, in order. */
  readonly happened: readonly number[]
  readonly unknownCreates: number
  readonly unknownDeletes: number
}

/** A sentence for the first topic whose history has no explanation; null when all have one. */
export function findContradiction(operations: readonly MetadataOperation[]): string | null {
  for (const topic of new Set(operations.map((operation) => operation.topic))) {
    const own = operations.filter((operation) => operation.topic === topic)
    const culprit = firstUnexplained(own)
    if (culprit !== null) {
      const story = own.map((one) => `${one.type}[${one.calledAt},${one.returnedAt}]=${one.outcome}`).join(' ')
      return `nothing explains that ${culprit.type} of "${topic}" was ${culprit.outcome}: ${story}`
    }
  }
  return null
}

function firstUnexplained(operations: readonly MetadataOperation[]): MetadataOperation | null {
  const returns = operations.filter(({ returnedAt }) => Number.isFinite(returnedAt)).toSorted((a, b) => a.returnedAt - b.returnedAt)
  let possible: readonly Possibility[] = [{ exists: false, happened: [], unknownCreates: 0, unknownDeletes: 0 }]
  for (const operation of returns) {
    const index = operations.indexOf(operation)
    possible = unique(explore(possible, operations, operation.returnedAt).filter(({ happened }) => happened.includes(index))).map(
      (one) => ({
        ...one,
        happened: one.happened.filter((other) => other !== index),
      }),
    )
    if (possible.length === 0) return operation
  }
  return null
}

/** All that may be the case when `moment` comes, by letting open operations happen in every order. */
function explore(from: readonly Possibility[], operations: readonly MetadataOperation[], moment: number): readonly Possibility[] {
  const open = operations.flatMap((operation, index) => (operation.calledAt < moment && operation.returnedAt >= moment ? [index] : []))
  const known = open.filter((index) => Number.isFinite(operations[index]?.returnedAt))
  const unknown = open.filter((index) => !Number.isFinite(operations[index]?.returnedAt))
  const creates = unknown.filter((index) => operations[index]?.type === 'create').length
  const deletes = unknown.length - creates
  const seen = new Map<string, Possibility>()
  const queue = [...from]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const key = keyOf(next)
    if (seen.has(key)) continue
    seen.set(key, next)
    for (const index of known) {
      if (next.happened.includes(index)) continue
      const exists = after(operations[index] as MetadataOperation, next.exists)
      if (exists !== null) queue.push({ ...next, exists, happened: [...next.happened, index].toSorted((a, b) => a - b) })
    }
    if (!next.exists && next.unknownCreates < creates) queue.push({ ...next, exists: true, unknownCreates: next.unknownCreates + 1 })
    if (next.exists && next.unknownDeletes < deletes) queue.push({ ...next, exists: false, unknownDeletes: next.unknownDeletes + 1 })
  }
  return [...seen.values()]
}

/** Whether the topic exists when this has happened with this outcome; null when it cannot have happened. */
function after({ type, outcome }: MetadataOperation, exists: boolean): boolean | null {
  const needed = (type === 'create') === (outcome === 'refused')
  if (exists !== needed) return null
  return outcome === 'refused' ? exists : type === 'create'
}

function unique(possibilities: readonly Possibility[]): readonly Possibility[] {
  return [...new Map(possibilities.map((one) => [keyOf(one), one])).values()]
}

function keyOf({ exists, happened, unknownCreates, unknownDeletes }: Possibility): string {
  return `${exists}/${happened.join(',')}/${unknownCreates}/${unknownDeletes}`
}
