/** What members of classic groups do, each in as few words as its scenario needs. */
import { encodeSubscription, ERROR_CODES, heartbeatApi, joinGroupApi, leaveGroupApi, syncGroupApi } from '@millrace/protocol'
import { type Step, step } from '../scenario.ts'
import type { World } from '../world.ts'

export const GROUP = 'g'
/** Within which nobody is given up: scenarios are about order, not about time. */
export const LONG_MS = 600_000
/** A member that no broker has heard of. */
export const STRANGER = 'stranger-5f0f5ba0'

export interface Identity {
  readonly version?: number
  readonly group?: string
  /** Instead of the id that the actor was given. */
  readonly memberId?: string
  readonly instance?: string
  /** Instead of the generation that the actor was told. */
  readonly generation?: number
  /** To be added to it: -1 is that of the past, 1 one that has not been. */
  readonly generationOffset?: number
}

export interface JoinOptions extends Identity {
  readonly sessionTimeoutMs?: number
  readonly rebalanceTimeoutMs?: number
  readonly type?: string
  /** Names, the dearest first, each with what a consumer adds to its subscription, or with all that a member says of itself. */
  readonly protocols?: readonly (readonly [name: string, metadata: string | ((world: World) => Uint8Array)])[]
  readonly reason?: string
}

const SUBSCRIPTION_VERSION = 1
const DEFAULT_PROTOCOLS: JoinOptions['protocols'] = [['range', 'about me']]

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'))
}

export function join(actor: string, options: JoinOptions = {}): Step {
  const { version = 5, protocols = DEFAULT_PROTOCOLS } = options
  return step({
    actor,
    api: joinGroupApi,
    version,
    request: (world) => ({
      groupId: world.named(options.group ?? GROUP),
      sessionTimeoutMs: options.sessionTimeoutMs ?? LONG_MS,
      ...(version >= 1 ? { rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? LONG_MS } : {}),
      memberId: options.memberId ?? world.member(actor).memberId,
      ...(options.instance === undefined ? {} : { groupInstanceId: options.instance }),
      protocolType: options.type ?? 'consumer',
      protocols: (protocols ?? []).map(([name, metadata]) => ({
        name,
        metadata: typeof metadata === 'string' ? metadataOf(options.type, metadata) : metadata(world),
      })),
      ...(options.reason === undefined ? {} : { reason: options.reason }),
    }),
    learn: (world, { errorCode, memberId, generationId, members }) => {
      if (errorCode === ERROR_CODES.MEMBER_ID_REQUIRED) world.setMember(actor, { memberId })
      if (errorCode !== ERROR_CODES.NONE) return
      world.setMember(actor, { memberId, generation: generationId, members: members.map((member) => member.memberId) })
    },
  })
}

/** Apache Kafka lets nobody into a group of consumers who says something else than a subscription: he waits for ever. */
function metadataOf(type: string | undefined, text: string): Uint8Array {
  return type === undefined ? encodeSubscription({ topics: [], userData: bytesOf(text) }, SUBSCRIPTION_VERSION) : bytesOf(text)
}

/** What a consumer says that wants these topics, and owns these partitions. */
export function subscription(world: World, topics: readonly string[], owned: readonly TopicPartitions[] = []): Uint8Array {
  const ownedPartitions = owned.map(({ topic, partitions }) => ({ topic: world.named(topic), partitions }))
  return encodeSubscription({ topics: topics.map((topic) => world.named(topic)), ownedPartitions }, SUBSCRIPTION_VERSION)
}

export interface TopicPartitions {
  readonly topic: string
  readonly partitions: readonly number[]
}

/** Joins as clients from version 4 on have to: once to be given an id, and once with it. */
export function joinTwice(actor: string, options: JoinOptions = {}): Step[] {
  return [join(actor, options), join(actor, options)]
}

export interface SyncOptions extends Identity {
  /** What each actor gets; only a leader says so. */
  readonly assigns?: Readonly<Record<string, string>>
  readonly type?: string
  readonly protocol?: string
}

export function sync(actor: string, options: SyncOptions = {}): Step {
  const { version = 3 } = options
  const hasProtocol = version >= 5
  return step({
    actor,
    api: syncGroupApi,
    version,
    request: (world) => ({
      ...membership(world, actor, options, version >= 3),
      ...(hasProtocol ? { protocolType: options.type ?? 'consumer', protocolName: options.protocol ?? 'range' } : {}),
      assignments: Object.entries(options.assigns ?? {}).map(([assignee, text]) => ({
        memberId: world.member(assignee).memberId,
        assignment: bytesOf(text),
      })),
    }),
  })
}

export function heartbeat(actor: string, options: Identity = {}): Step {
  const { version = 3 } = options
  return step({ actor, api: heartbeatApi, version, request: (world) => membership(world, actor, options, version >= 3) })
}

/** Until version 2 a member leaves for itself; from version 3 on, one or several are named. */
export function leave(actor: string, options: Identity & { readonly members?: readonly LeavingMember[] } = {}): Step {
  const { version = 4 } = options
  return step({
    actor,
    api: leaveGroupApi,
    version,
    request: (world) => {
      const groupId = world.named(options.group ?? GROUP)
      const memberId = options.memberId ?? idOf(world, actor)
      if (version < 3) return { groupId, memberId, members: [] }
      const own = { memberId, groupInstanceId: options.instance ?? null }
      const members = options.members?.map(({ of, instance }) => ({
        memberId: of === undefined ? '' : of === STRANGER ? STRANGER : idOf(world, of),
        groupInstanceId: instance ?? null,
      }))
      return { groupId, memberId: '', members: members ?? [own] }
    },
  })
}

/** Of either protocol: whoever asks may remove whoever is there. */
function idOf(world: World, actor: string): string {
  return world.member(actor).memberId || world.consumer(actor).memberId
}

export interface LeavingMember {
  /** The actor whose id is named; without it the id is empty, as a tool sends it. */
  readonly of?: string
  readonly instance?: string
}

export function membership(world: World, actor: string, options: Identity, hasInstance: boolean) {
  return {
    groupId: world.named(options.group ?? GROUP),
    generationId: options.generation ?? world.member(actor).generation + (options.generationOffset ?? 0),
    memberId: options.memberId ?? world.member(actor).memberId,
    ...(hasInstance && options.instance !== undefined ? { groupInstanceId: options.instance } : {}),
  }
}
