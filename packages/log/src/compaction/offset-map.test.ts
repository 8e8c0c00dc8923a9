import { nodeRandom } from '@millrace/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OffsetMap } from './offset-map.ts'

const bytesOf = (key: string): Uint8Array => new TextEncoder().encode(key)

function put(map: OffsetMap, key: string, offset: number): boolean {
  const bytes = bytesOf(key)
  return map.put(bytes, 0, bytes.length, offset)
}

function get(map: OffsetMap, key: string): number {
  const bytes = bytesOf(`##${key}#`)
  return map.get(bytes, 2, bytes.length - 3)
}

describe('the offset map', () => {
  it('has no room beyond its memory, and takes known keys all the same', () => {
    const map = new OffsetMap(nodeRandom, 24 * 100, 1_000_000)
    expect(map.capacity).toBe(75)
    for (let index = 0; index < 75; index += 1) expect(put(map, `key ${index}`, index)).toBe(true)
    expect(put(map, 'one more', 75)).toBe(false)
    expect(get(map, 'one more')).toBe(-1)
    expect(put(map, 'key 7', 76)).toBe(true)
    expect(get(map, 'key 7')).toBe(76)
    expect(map.size).toBe(75)
  })

  it('takes no more memory than the keys need', () => {
    const map = new OffsetMap(nodeRandom, 2 ** 40, 30)
    expect(map.capacity).toBeGreaterThanOrEqual(30)
    expect(map.capacity).toBeLessThan(40)
  })

  it('is a map of keys to their last offsets', () => {
    const puts = fc.array(fc.string({ maxLength: 5 }), { maxLength: 200 })
    fc.assert(
      fc.property(puts, puts, (keys, others) => {
        const map = new OffsetMap(nodeRandom, 24 * 1000, keys.length)
        const model = new Map<string, number>()
        keys.forEach((key, offset) => {
          expect(put(map, key, offset)).toBe(true)
          model.set(key, offset)
        })
        expect(map.size).toBe(model.size)
        for (const key of [...keys, ...others]) expect(get(map, key)).toBe(model.get(key) ?? -1)
      }),
    )
  })
})
