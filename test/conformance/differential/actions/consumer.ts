/** What members of consumer groups (KIP-848) do. */
import { consumerGroupHeartbeatApi, ERROR_CODES } from '@millrace/protocol'
import { type Step, step } from '../scenario.ts'
import type { OwnedPartitions, World } from '../world.ts'
import { GROUP, LONG_MS } from './classic.ts'

export interface BeatOptions {
  readonly version?: number
  readonly group?: string
  readonly memberId?: string
  readonly epoch?: number
  readonly epochOffset?: number
  readonly instance?: string
  readonly topics?: readonly string[] | null
  readonly regex?: string
  readonly assignor?: string
  readonly rebalanceTimeoutMs?: number
  /** What it says to own; left out, it says nothing about it. */
  readonly owns?: 'all' | 'none' | ((world: World) => readonly OwnedPartitions[])
}

const MEMBER_JOINS = 0
const MEMBER_LEAVES = -1
const STATIC_MEMBER_LEAVES = -2

/** A heartbeat, which is all that a member of a consumer group ever sends. */
export function beat(actor: string, options: BeatOptions = {}): Step {
  const { version = 1, owns } = options
  return step({
    actor,
    api: consumerGroupHeartbeatApi,
    version,
    request: (world) => {
      const { memberId, memberEpoch, assignment } = world.consumer(actor)
      return {
        groupId: world.named(options.group ?? GROUP),
        // From version 1 on the member chooses its own id.
        memberId: options.memberId ?? (memberId === '' && version >= 1 ? `member-${actor}` : memberId),
        memberEpoch: options.epoch ?? memberEpoch + (options.epochOffset ?? 0),
        ...(options.instance === undefined ? {} : { instanceId: options.instance }),
        ...(options.rebalanceTimeoutMs === undefined ? {} : { rebalanceTimeoutMs: options.rebalanceTimeoutMs }),
        ...(options.topics === undefined ? {} : { subscribedTopicNames: options.topics?.map((topic) => world.named(topic)) ?? null }),
        ...(options.regex === undefined ? {} : { subscribedTopicRegex: options.regex }),
        ...(options.assignor === undefined ? {} : { serverAssignor: options.assignor }),
        ...(owns === undefined ? {} : { topicPartitions: owns === 'all' ? assignment : owns === 'none' ? [] : owns(world) }),
      }
    },
    learn: (world, { errorCode, memberId, memberEpoch, assignment }) => {
      if (errorCode !== ERROR_CODES.NONE) return
      const change = assignment === null ? {} : { assignment: assignment.topicPartitions }
      world.setConsumer(actor, { ...(memberId === null ? {} : { memberId }), memberEpoch, ...change })
    },
  })
}

export function enter(actor: string, topics: readonly string[] = ['t'], options: BeatOptions = {}): Step {
  return beat(actor, { epoch: MEMBER_JOINS, topics, rebalanceTimeoutMs: LONG_MS, owns: 'none', ...options })
}

export function exit(actor: string, options: BeatOptions = {}): Step {
  return beat(actor, { epoch: options.instance === undefined ? MEMBER_LEAVES : STATIC_MEMBER_LEAVES, ...options })
}
