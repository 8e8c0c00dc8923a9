/**
 * How much a leader has accepted and not committed yet, so that it can refuse more. Each proposal is remembered with the size
 * it had when it was appended, and taken off once: nothing can leak.
 */

interface AcceptedProposal {
  readonly lastIndex: number
  readonly bytes: number
}

export class Uncommitted {
  readonly #bytesMax: number
  #proposals: AcceptedProposal[] = []
  /** How many at the beginning of the array are committed already. */
  #done = 0
  #bytes = 0
  /** The size of the last proposal that found no room; 0 when there was room since for one like it. */
  #refusedBytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  hasRoom(bytes: number): boolean {
    const hasRoom = this.#bytes + bytes <= this.#bytesMax
    if (!hasRoom) this.#refusedBytes = bytes
    return hasRoom
  }

  /** Whether a proposal has found no room since this was asked last, or one like it would not find any still. */
  wasOverrun(): boolean {
    const wasOverrun = this.#refusedBytes > 0
    if (this.#bytes + this.#refusedBytes <= this.#bytesMax) this.#refusedBytes = 0
    return wasOverrun
  }

  add(lastIndex: number, bytes: number): void {
    this.#proposals.push({ lastIndex, bytes })
    this.#bytes += bytes
  }

  committedTo(index: number): void {
    for (let next = this.#proposals[this.#done]; next !== undefined && next.lastIndex <= index; next = this.#proposals[this.#done]) {
      this.#bytes -= next.bytes
      this.#done += 1
    }
    if (this.#done * 2 >= this.#proposals.length) {
      this.#proposals.splice(0, this.#done)
      this.#done = 0
    }
  }
}
