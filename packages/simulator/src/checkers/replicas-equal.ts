/**
 * In the end every replica has the same bytes below the high watermark: read from the files as they lie on the disks, without the
 * code that wrote them.
 */
import type { Disk } from '@millrace/runtime'

const LENGTH_AT = 8
const HEADER_BYTES = 12

/** A replica as it lies on the disk of one node. */
export interface StoredReplica {
  readonly node: string
  readonly disk: Pick<Disk, 'list' | 'readFile' | 'stat'>
  /** Of the partition. */
  readonly directory: string
}

/** A sentence for the first difference; null when there is none. Batches from `endOffset` on are not looked at. */
export function firstDifference(replicas: readonly StoredReplica[], endOffset: number): string | null {
  const [first, ...others] = replicas.map((replica) => ({ node: replica.node, batches: batchesOf(replica, endOffset) }))
  if (first === undefined) return null
  for (const { node, batches } of others) {
    // Retention may have taken more from one than from the other.
    const start = Math.max(startOf(first.batches), startOf(batches))
    const [left, right] = [first.batches, batches].map((all) => all.filter(({ baseOffset }) => baseOffset >= start))
    if (left === undefined || right === undefined) continue
    for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
      const [one, two] = [left[index], right[index]]
      if (one === undefined || two === undefined) {
        const [shorter, batch] = one === undefined ? [first.node, two] : [node, one]
        return `${shorter} lacks the batch at offset ${batch?.baseOffset}, below the high watermark ${endOffset}`
      }
      if (!isEqual(one.bytes, two.bytes)) return `${first.node} and ${node} differ in the batch at offset ${one.baseOffset}`
    }
  }
  return null
}

interface StoredBatch {
  readonly baseOffset: number
  readonly bytes: Uint8Array
}

function batchesOf({ disk, directory }: StoredReplica, endOffset: number): readonly StoredBatch[] {
  if (disk.stat(directory) === null) return []
  const batches: StoredBatch[] = []
  for (const { name } of disk.list(directory)) {
    if (!/^\d+\.log$/.test(name)) continue
    const bytes = disk.readFile(`${directory}/${name}`)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
      const baseOffset = Number(view.getBigInt64(at))
      const size = HEADER_BYTES + view.getInt32(at + LENGTH_AT)
      if (baseOffset >= endOffset || at + size > bytes.length) break
      batches.push({ baseOffset, bytes: bytes.subarray(at, at + size) })
      at += size
    }
  }
  return batches
}

function startOf(batches: readonly StoredBatch[]): number {
  return batches[0]?.baseOffset ?? 0
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index])
}
