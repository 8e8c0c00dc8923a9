/** What members of classic groups ask, without the words that every test would repeat. */
import { heartbeatApi, joinGroupApi, leaveGroupApi, syncGroupApi } from '@millrace/protocol'
import type { Decoded, joinGroupResponse } from '@millrace/protocol'
import { bytesOf } from './batches.ts'
import type { BrokerFixture } from './broker-fixture.ts'
import { settled } from './settled.ts'

export const OFFSETS_TOPIC = '__consumer_offsets'
export const JOIN_VERSIONS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
/** How long the first member of a group waits for others. */
const INITIAL_DELAY_MS = 50

export type Joined = Decoded<typeof joinGroupResponse>

export interface Joining {
  readonly version?: number
  readonly groupId?: string
  readonly memberId?: string
  /** What it says to the other members. */
  readonly metadata?: Uint8Array
}

/** A request to join that may have to wait. */
export function sendJoin(
  broker: BrokerFixture,
  { version = 9, groupId = 'g', memberId = '', metadata = bytesOf('metadata') }: Joining = {},
) {
  const protocols = [{ name: 'range', metadata }]
  const timeouts = { sessionTimeoutMs: 10_000, ...(version === 0 ? {} : { rebalanceTimeoutMs: 60_000 }) }
  return broker.send(joinGroupApi, version, { groupId, memberId, ...timeouts, protocolType: 'consumer', protocols })
}

/** Joins, with a second request where the version asks for one. */
export async function join(broker: BrokerFixture, joining: Joining = {}): Promise<Joined> {
  const first = sendJoin(broker, joining)
  await settled()
  broker.clock.advance(INITIAL_DELAY_MS)
  const joined = await first.answer()
  if (joined.errorCode === 0 || joined.memberId === '' || joining.memberId !== undefined) return joined
  return join(broker, { ...joining, memberId: joined.memberId })
}

export interface Membership {
  readonly groupId?: string
  readonly memberId: string
  readonly generationId: number
}

export function sync(broker: BrokerFixture, { groupId = 'g', memberId, generationId }: Membership, version = 5) {
  const assignments = [{ memberId, assignment: bytesOf(`for ${groupId}`) }]
  const protocol = version < 5 ? {} : { protocolType: 'consumer', protocolName: 'range' }
  return broker.call(syncGroupApi, version, { groupId, memberId, generationId, assignments, ...protocol })
}

export async function heartbeat(broker: BrokerFixture, member: Membership, version = 4): Promise<number> {
  return (await broker.call(heartbeatApi, version, { groupId: 'g', ...member })).errorCode
}

export function leave(broker: BrokerFixture, { groupId = 'g', memberId }: Membership, version = 5) {
  return broker.call(leaveGroupApi, version, version < 3 ? { groupId, memberId } : { groupId, members: [{ memberId }] })
}

/** The only member of a group at rest. */
export async function settledMember(broker: BrokerFixture, groupId = 'g'): Promise<Membership> {
  const { memberId, generationId } = await join(broker, { groupId })
  await sync(broker, { groupId, memberId, generationId })
  return { groupId, memberId, generationId }
}
