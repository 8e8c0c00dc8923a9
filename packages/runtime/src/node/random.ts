/** The operating system's randomness behind the random port. */
import { randomFillSync } from 'node:crypto'
import type { Random } from '../ports/random.ts'

/** Drawn this many numbers at a time: one call into the operating system costs as much as hundreds of numbers. */
const POOL_LENGTH = 256

class NodeRandom implements Random {
  readonly #pool = new Uint32Array(POOL_LENGTH)
  #used = POOL_LENGTH

  uint32(): number {
    if (this.#used === POOL_LENGTH) {
      randomFillSync(this.#pool)
      this.#used = 0
    }
    return this.#pool[this.#used++] ?? 0
  }

  bytes(length: number): Uint8Array {
    return randomFillSync(new Uint8Array(length))
  }
}

export const nodeRandom: Random = new NodeRandom()
