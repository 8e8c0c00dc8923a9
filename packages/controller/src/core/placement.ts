/**
 * Chooses brokers for the replicas of new partitions.
 *
 * Brokers stand in a ring in which the racks alternate. Each partition's leader is the next broker of the ring; its
 * followers come after it, at a distance that grows by one with each lap so that a broker's followers are not always the
 * same ones, and a rack is used a second time only when all have been used. A broker without a rack counts as its own.
 *
 * Brokers that are away get followers only where the active ones do not suffice, and then in the same way.
 *
 * The same brokers and the same random numbers give the same placement.
 */
import type { BrokerImage } from '@millrace/metadata'

export interface PlacementRequest {
  /** Active ones; at least one. */
  readonly brokers: readonly BrokerImage[]
  /** Ones that are away. There are at least `replicationFactor` of both kinds together. */
  readonly absent?: readonly BrokerImage[]
  readonly partitionCount: number
  readonly replicationFactor: number
  readonly random: () => number
}

/** Brokers of each new partition, the preferred leader first. */
export function placeReplicas(request: PlacementRequest): number[][] {
  const { brokers, absent = [], partitionCount, replicationFactor, random } = request
  const present = placeOn(brokers, partitionCount, Math.min(replicationFactor, brokers.length), random)
  const missing = replicationFactor - brokers.length
  if (missing <= 0) return present
  const away = placeOn(absent, partitionCount, missing, random)
  return present.map((replicas, partition) => [...replicas, ...(away[partition] ?? [])])
}

function placeOn(brokers: readonly BrokerImage[], partitionCount: number, replicationFactor: number, random: () => number): number[][] {
  const ring = ringOf(brokers)
  const size = ring.length
  const start = random() % size
  const shift = random()
  return Array.from({ length: partitionCount }, (_, partition) => {
    const leader = (start + partition) % size
    const lap = Math.floor((start + partition) / size)
    return replicasFrom(ring, leader, shift + lap, replicationFactor)
  })
}

interface Seat {
  readonly brokerId: number
  readonly rack: string
}

/** One broker of each rack, then the second of each, and so on; racks by name, brokers by id. */
function ringOf(brokers: readonly BrokerImage[]): Seat[] {
  const racks = new Map<string, Seat[]>()
  for (const broker of [...brokers].sort((left, right) => left.id - right.id)) {
    // The prefix keeps a rack called "broker 1" apart from the broker without a rack.
    const rack = broker.rack === null ? `broker ${broker.id}` : `rack ${broker.rack}`
    const seats = racks.get(rack) ?? []
    seats.push({ brokerId: broker.id, rack })
    racks.set(rack, seats)
  }
  const columns = [...racks.entries()].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, seats]) => seats)
  const ring: Seat[] = []
  for (let row = 0; ring.length < brokers.length; row++) {
    for (const column of columns) {
      const seat = column[row]
      if (seat !== undefined) ring.push(seat)
    }
  }
  return ring
}

function replicasFrom(ring: readonly Seat[], leader: number, shift: number, replicationFactor: number): number[] {
  const others = ring.length - 1
  const candidates = ring.slice(leader, leader + 1)
  for (let step = 0; step < others; step++) {
    const seat = ring[(leader + 1 + ((shift + step) % others)) % ring.length]
    if (seat !== undefined) candidates.push(seat)
  }
  const chosen: number[] = []
  let usedRacks = new Set<string>()
  let left = candidates
  while (chosen.length < replicationFactor && left.length > 0) {
    const passedOver: Seat[] = []
    for (const seat of left) {
      if (chosen.length < replicationFactor && !usedRacks.has(seat.rack)) {
        chosen.push(seat.brokerId)
        usedRacks.add(seat.rack)
      } else {
        passedOver.push(seat)
      }
    }
    left = passedOver
    usedRacks = new Set()
  }
  return chosen
}
