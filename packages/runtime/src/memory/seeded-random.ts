/** Chance that is the same for the same seed (mulberry32). */
import type { Random } from '../ports/random.ts'

export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const uint32 = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  return { uint32, bytes: (length) => Uint8Array.from({ length }, () => uint32() & 0xff) }
}
