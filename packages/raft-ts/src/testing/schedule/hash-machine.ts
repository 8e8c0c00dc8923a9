/** An application whose whole state is a hash over everything it was given: equal histories, equal states, and nothing else. */
import type { Entry } from '../../index.ts'

export class HashMachine {
  index = 0
  hash = 0

  apply(entry: Entry): void {
    if (entry.index !== this.index + 1) throw new Error(`entry ${entry.index} is applied after ${this.index}`)
    this.index = entry.index
    this.hash = mix(this.hash, fingerprint(entry))
  }

  /** Long enough for several chunks. */
  save(): Uint8Array {
    const data = new Uint8Array(20)
    const view = new DataView(data.buffer)
    view.setUint32(0, this.index)
    view.setUint32(4, this.hash)
    return data
  }

  restore(data: Uint8Array): void {
    if (data.length === 0) return
    const view = new DataView(data.buffer, data.byteOffset, data.length)
    this.index = view.getUint32(0)
    this.hash = view.getUint32(4)
  }
}

export function fingerprint(entry: Entry): number {
  let hash = mix(entry.index, entry.term)
  if (entry.type === 'data') for (const byte of entry.data) hash = mix(hash, byte)
  if (entry.type === 'membership') {
    for (const id of [...entry.membership.voters, '/', ...entry.membership.learners]) hash = mix(hash, id.charCodeAt(0))
  }
  return mix(hash, entry.type.length)
}

function mix(hash: number, value: number): number {
  return Math.imul(hash ^ value ^ (value << 13), 0x01000193) >>> 0
}
