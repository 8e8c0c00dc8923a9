/** What exactly once means, held against what the partitions hold in the end. */

export interface CopyVerdict {
  readonly originals: number
  readonly copies: number
  readonly missing: number
  readonly doubled: number
  /** Partitions whose copies are all there and in another order. */
  readonly reordered: number
}

/** Each argument: the values of each partition, in the order of their offsets. No value is there twice among the originals. */
export function judgeCopies(originals: readonly (readonly string[])[], copies: readonly (readonly string[])[]): CopyVerdict {
  let [missing, doubled, reordered] = [0, 0, 0]
  for (const [partition, values] of originals.entries()) {
    const copied = copies[partition] ?? []
    const distinct = new Set(copied)
    const lost = values.filter((value) => !distinct.has(value)).length
    missing += lost
    doubled += copied.length - distinct.size
    const isComplete = lost === 0 && copied.length === values.length
    if (isComplete && values.some((value, index) => copied[index] !== value)) reordered += 1
  }
  return { originals: count(originals), copies: count(copies), missing, doubled, reordered }
}

export interface TransferVerdict {
  readonly transfers: number
  /** Of all accounts together. */
  readonly sum: number
  /** Seen in part, or more than once. */
  readonly torn: number
  /** Confirmed, and not there. */
  readonly lost: number
  /** Taken back, and there. */
  readonly undead: number
}

/** `entries` are `id amount`, of all partitions; two of each id, whose amounts are opposite, are a transfer. */
export function judgeTransfers(entries: readonly string[], committed: Iterable<string>, aborted: Iterable<string>): TransferVerdict {
  const amounts = new Map<string, number[]>()
  for (const entry of entries) {
    const [id = '', amount] = entry.split(' ')
    amounts.set(id, [...(amounts.get(id) ?? []), Number(amount)])
  }
  const isWhole = (parts: readonly number[]): boolean => parts.length === 2 && add(parts) === 0
  return {
    transfers: amounts.size,
    sum: add([...amounts.values()].flat()),
    torn: [...amounts.values()].filter((parts) => !isWhole(parts)).length,
    lost: [...committed].filter((id) => !amounts.has(id)).length,
    undead: [...aborted].filter((id) => amounts.has(id)).length,
  }
}

export function isExact(copies: CopyVerdict, transfers: TransferVerdict): boolean {
  const { missing, doubled, reordered } = copies
  const { sum, torn, lost, undead } = transfers
  return [missing, doubled, reordered, sum, torn, lost, undead].every((wrong) => wrong === 0)
}

function count(partitions: readonly (readonly string[])[]): number {
  return add(partitions.map(({ length }) => length))
}

function add(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}
