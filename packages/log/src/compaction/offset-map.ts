/**
 * The latest offset of each key in a range of a log, in a fixed amount of memory: 24 bytes a slot, 16 of them a hash that
 * stands for the key.
 *
 * Open addressing in typed arrays, so that five million keys are three objects to the garbage collector.
 *
 * Invariant: at most `capacity` of the slots are taken, so every search ends at an empty one.
 */
import type { Random } from '@millrace/runtime'
import { KEY_HASH_WORDS, KeyHash } from './key-hash.ts'

const SLOT_BYTES = KEY_HASH_WORDS * 4 + 8
/** Beyond this share of taken slots a search looks at too many of them. */
const LOAD_FACTOR = 0.75
const SLOTS_MIN = 8
const NO_OFFSET = -1

export class OffsetMap {
  readonly capacity: number
  readonly #slots: number
  readonly #hashes: Int32Array
  /** Offset + 1, so that fresh memory is empty slots. */
  readonly #offsets: Float64Array
  readonly #hash: KeyHash
  #size = 0

  /** Takes at most `memoryBytes`, and no more than `keys` keys need. */
  constructor(random: Random, memoryBytes: number, keys: number) {
    const slots = Math.min(Math.floor(memoryBytes / SLOT_BYTES), Math.ceil(keys / LOAD_FACTOR) + 1)
    this.#slots = Math.max(SLOTS_MIN, slots)
    this.capacity = Math.floor(this.#slots * LOAD_FACTOR)
    this.#hashes = new Int32Array(this.#slots * KEY_HASH_WORDS)
    this.#offsets = new Float64Array(this.#slots)
    this.#hash = new KeyHash(random)
  }

  /** Keys in it. */
  get size(): number {
    return this.#size
  }

  /** The key is at `offset` too, which is above all offsets before. False when there is no room for another key. */
  put(bytes: Uint8Array, start: number, length: number, offset: number): boolean {
    const slot = this.#find(bytes, start, length)
    if (this.#offsets[slot] === 0) {
      if (this.#size === this.capacity) return false
      this.#size += 1
      this.#hashes.set(this.#hash.words, slot * KEY_HASH_WORDS)
    }
    this.#offsets[slot] = offset + 1
    return true
  }

  /** -1 for a key that is not in it. */
  get(bytes: Uint8Array, start: number, length: number): number {
    const offset = this.#offsets[this.#find(bytes, start, length)] as number
    return offset === 0 ? NO_OFFSET : offset - 1
  }

  /** The slot of the key, or the empty one where it would go. */
  #find(bytes: Uint8Array, start: number, length: number): number {
    this.#hash.hash(bytes, start, length)
    const hashes = this.#hashes
    const { words } = this.#hash
    const w0 = words[0] as number
    let slot = (w0 >>> 0) % this.#slots
    while (this.#offsets[slot] !== 0) {
      const at = slot * KEY_HASH_WORDS
      const isSame = hashes[at] === w0 && hashes[at + 1] === words[1] && hashes[at + 2] === words[2] && hashes[at + 3] === words[3]
      if (isSame) return slot
      slot = slot + 1 === this.#slots ? 0 : slot + 1
    }
    return slot
  }
}
