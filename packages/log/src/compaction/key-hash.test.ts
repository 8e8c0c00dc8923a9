import type { Random } from '@millrace/runtime'
import { describe, expect, it } from 'vitest'
import { KeyHash } from './key-hash.ts'

function fixedRandom(...numbers: number[]): Random {
  let next = 0
  return { uint32: () => numbers[next++ % numbers.length] as number, bytes: (length) => new Uint8Array(length) }
}

/** The first sums of HalfSipHash-2-4 with 64 bits as its authors publish them: key 00 01 .. 07, message 00 01 02 and so on. */
const PUBLISHED = [
  '218d1f59b9b83cc8',
  'be552412f8387315',
  '064f39ef7c50eb57',
  'ce0f1a45f7060679',
  'd5e78a175be52ea1',
  'cb9d7c3f2f3db580',
  'ce3e91358aa2bc25',
  'ff202728b07bc684',
  'edfee820bce4858c',
]

describe('the sum of a key', () => {
  it.each(PUBLISHED.map((sum, length) => ({ sum, length })))('is $sum for $length bytes', ({ sum, length }) => {
    const hash = new KeyHash(fixedRandom(0x03020100, 0x07060504))
    const bytes = Uint8Array.from({ length: length + 5 }, (_, index) => index - 3)
    hash.hash(bytes, 3, length)
    expect(Buffer.from(hash.words.buffer).toString('hex')).toBe(sum + sum)
  })

  it('has two halves that do not depend on each other', () => {
    const hash = new KeyHash(fixedRandom(1, 2, 3, 4))
    hash.hash(new Uint8Array(4), 0, 4)
    expect([hash.words[0], hash.words[1]]).not.toEqual([hash.words[2], hash.words[3]])
  })
})
