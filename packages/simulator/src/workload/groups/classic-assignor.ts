/**
 * How the leader of a classic group assigns. Eager members have let go of everything, so partitions are dealt out in turn, beginning with
 * another member in each generation. Cooperative ones keep what they have as far as it is their share, and what somebody has to give up
 * is given to nobody before he has said that he did.
 */
import { decodeSubscription } from '@millrace/protocol'

export interface JoinedMember {
  readonly memberId: string
  readonly metadata: Uint8Array
}

export type Shares = ReadonlyMap<string, readonly number[]>

export function dealOut(members: readonly JoinedMember[], partitions: number, generation: number): Shares {
  const ids = members.map(({ memberId }) => memberId).toSorted()
  const shares = new Map(ids.map((id) => [id, [] as number[]]))
  for (let partition = 0; partition < partitions; partition += 1) {
    shares.get(ids[(partition + generation) % ids.length] as string)?.push(partition)
  }
  return shares
}

export function keepOwned(members: readonly JoinedMember[], partitions: number): Shares {
  const ids = members.map(({ memberId }) => memberId).toSorted()
  const owners = newestOwners(members)
  const shares = new Map(ids.map((id) => [id, [] as number[]]))
  const quotas = new Map(ids.map((id, index) => [id, Math.floor(partitions / ids.length) + (index < partitions % ids.length ? 1 : 0)]))
  const hasRoom = (id: string): boolean => (shares.get(id)?.length ?? 0) < (quotas.get(id) ?? 0)
  for (const [partition, { memberId }] of owners) if (hasRoom(memberId)) shares.get(memberId)?.push(partition)
  for (let partition = 0; partition < partitions; partition += 1) {
    if (!owners.has(partition)) shares.get(ids.find(hasRoom) ?? (ids[0] as string))?.push(partition)
  }
  return shares
}

/** What two claim is his who got it in the later generation. */
function newestOwners(members: readonly JoinedMember[]): ReadonlyMap<number, { readonly memberId: string; readonly generation: number }> {
  const owners = new Map<number, { readonly memberId: string; readonly generation: number }>()
  for (const { memberId, metadata } of members) {
    const { ownedPartitions, generationId } = decodeSubscription(metadata)
    for (const partition of ownedPartitions.flatMap(({ partitions }) => partitions)) {
      if ((owners.get(partition)?.generation ?? -2) < generationId) owners.set(partition, { memberId, generation: generationId })
    }
  }
  return owners
}
