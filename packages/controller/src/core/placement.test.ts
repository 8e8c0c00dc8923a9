import type { BrokerImage } from '@millrace/metadata'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { placeReplicas } from './placement.ts'

function broker(id: number, rack: string | null): BrokerImage {
  return {
    id,
    epoch: 0,
    incarnationId: '',
    listeners: [],
    rack,
    directoryIds: [],
    features: [],
    isFenced: false,
    isInControlledShutdown: false,
  }
}

/** Always the same number. */
const random = (value: number) => () => value

const placement = fc
  .record({
    racks: fc.array(fc.constantFrom('a', 'b', 'c', null), { minLength: 1, maxLength: 9 }),
    partitionCount: fc.integer({ min: 1, max: 40 }),
    factor: fc.nat(8),
    seed: fc.nat(1000),
  })
  .map(({ racks, partitionCount, factor, seed }) => ({
    brokers: racks.map((rack, id) => broker(id, rack)),
    partitionCount,
    replicationFactor: 1 + (factor % racks.length),
    random: random(seed),
  }))

it('gives every partition its replicas, on as many racks as there can be', () => {
  fc.assert(
    fc.property(placement, (request) => {
      const rackOf = new Map(request.brokers.map(({ id, rack }) => [id, rack ?? `own ${id}`]))
      const rackCount = new Set(rackOf.values()).size
      const placed = placeReplicas(request)
      expect(placed).toHaveLength(request.partitionCount)
      for (const replicas of placed) {
        expect(new Set(replicas).size).toBe(request.replicationFactor)
        expect(new Set(replicas.map((id) => rackOf.get(id))).size).toBe(Math.min(request.replicationFactor, rackCount))
      }
    }),
  )
})

it('spreads the leaders: no broker leads more than one partition above another', () => {
  fc.assert(
    fc.property(placement, (request) => {
      const counts = new Map(request.brokers.map(({ id }) => [id, 0]))
      for (const [leader = -1] of placeReplicas(request)) counts.set(leader, (counts.get(leader) ?? 0) + 1)
      expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(1)
    }),
  )
})

it('spreads the followers: after many partitions all brokers have about as many replicas', () => {
  const brokers = [1, 2, 3, 4, 5].map((id) => broker(id, null))
  const placed = placeReplicas({ brokers, partitionCount: 200, replicationFactor: 3, random: random(7) })
  const counts = brokers.map(({ id }) => placed.filter((replicas) => replicas.includes(id)).length)
  expect(counts).toEqual([120, 120, 120, 120, 120])
  // The first followers of one leader are not always the same broker.
  expect(new Set(placed.filter(([leader]) => leader === 1).map((replicas) => replicas[1])).size).toBe(4)
})

it('is the same for the same random numbers, and another for others', () => {
  const brokers = [1, 2, 3].map((id) => broker(id, null))
  const place = (value: number) => placeReplicas({ brokers, partitionCount: 3, replicationFactor: 2, random: random(value) })
  expect(place(5)).toEqual(place(5))
  expect(place(5)).not.toEqual(place(6))
})
