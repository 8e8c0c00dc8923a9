/** A member of a classic group, and what it waits for. */
import type { Decoded, joinGroupRequest } from '@millrace/protocol'
import type { GroupClient } from '../group/requests.ts'
import type { ReplyToken } from '../machine.ts'

/** How to divide partitions, and what the one who divides them has to know of this member. Opaque to the coordinator. */
export interface MemberProtocol {
  readonly name: string
  readonly metadata: Uint8Array
}

/** A request that is answered later. */
export interface Waiter {
  readonly token: ReplyToken
  readonly apiVersion: number
}

export interface ClassicMember {
  readonly memberId: string
  /** Of a static member (KIP-345): it keeps its place, and what it reads, when it comes back under another member id. */
  readonly groupInstanceId: string | null
  clientId: string
  clientHost: string
  /** The connection that it was last heard on. */
  connectionId: number
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  /** In the order of its preference, each name once. */
  protocols: readonly MemberProtocol[]
  /** What the leader of the latest generation that has assignments gave it. Set by replay alone, but for being emptied. */
  assignment: Uint8Array
  /** Its first JoinGroup is not answered yet, so it cannot send heartbeats, and may be gone although it waits. */
  isNew: boolean
  /** It was told its id, and can come back with it when its connection breaks. */
  readonly knowsItsId: boolean
  /** When it counts as gone. Infinite while it waits for an answer, which is as good as a heartbeat. */
  sessionDeadlineMs: number
  awaitingJoin: Waiter | null
  awaitingSync: Waiter | null
}

type JoinRequest = Decoded<typeof joinGroupRequest>

export interface JoinTerms {
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocols: readonly MemberProtocol[]
}

/** What a member says of itself when it joins. Version 0 has one timeout for both. */
export function joinTerms({ sessionTimeoutMs, rebalanceTimeoutMs, protocols }: JoinRequest, apiVersion: number): JoinTerms {
  const names = new Set<string>()
  const distinct = protocols.filter(({ name }) => names.size < names.add(name).size)
  return {
    sessionTimeoutMs,
    rebalanceTimeoutMs: Math.max(0, apiVersion === 0 ? sessionTimeoutMs : rebalanceTimeoutMs),
    protocols: distinct,
  }
}

/** A member that joins: under an id that it was given before, as a static one that comes back by its instance id, or without any. */
export function newMember(
  memberId: string,
  { groupInstanceId, memberId: statedId }: JoinRequest,
  terms: JoinTerms,
  client: GroupClient,
): ClassicMember {
  return {
    memberId,
    groupInstanceId,
    clientId: client.id,
    clientHost: client.host,
    connectionId: client.connectionId,
    ...terms,
    assignment: NO_ASSIGNMENT,
    isNew: true,
    knowsItsId: statedId !== '' || groupInstanceId !== null,
    sessionDeadlineMs: Number.POSITIVE_INFINITY,
    awaitingJoin: null,
    awaitingSync: null,
  }
}

export const NO_ASSIGNMENT = new Uint8Array(0)

export function metadataOf(member: ClassicMember, protocol: string | null): Uint8Array {
  return member.protocols.find(({ name }) => name === protocol)?.metadata ?? NO_ASSIGNMENT
}

export function hasSameProtocols(member: ClassicMember, protocols: readonly MemberProtocol[]): boolean {
  return (
    member.protocols.length === protocols.length &&
    member.protocols.every(({ name, metadata }, index) => {
      const other = protocols[index] as MemberProtocol
      return name === other.name && isSame(metadata, other.metadata)
    })
  )
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index])
}
