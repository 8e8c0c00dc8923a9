/** Chance as the rest of Millrace sees it: from the operating system in production, from the seed in the simulator. */
export interface Random {
  /** An integer in [0, 2^32). */
  uint32(): number
  /** `length` fresh bytes, owned by the caller. */
  bytes(length: number): Uint8Array
}
