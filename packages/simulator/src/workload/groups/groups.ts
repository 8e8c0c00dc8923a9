/**
 * Groups in a run: members that come, read, commit, leave, and die without a word, the settling of their groups after the faults, and the
 * look at what is left.
 */
import type { Address } from '@millrace/runtime'
import { miscopied } from '../../checkers/exactly-once.ts'
import type { WatchedNode } from '../../checkers/watched-node.ts'
import type { RandomStream } from '../../core/random-streams.ts'
import type { Plan } from '../../run/plan.ts'
import type { Host } from '../../world/host.ts'
import type { World } from '../../world/world.ts'
import type { ReadRecord } from '../consuming.ts'
import type { History } from '../history.ts'
import { copyOf } from './copier.ts'
import { GroupHistory } from './group-history.ts'
import { GroupLooker } from './looking-at-groups.ts'
import { CONSUMER_SESSION_MS, COPYING_REBALANCE_MS, GROUP_TIMES, ShutOut } from './membership.ts'
import { isMixed, Participant, protocolOfLife } from './taking-part.ts'

/** Few coordinators, and sessions that end within a storm. */
const GROUP_CONFIGS = {
  'offsets.topic.num.partitions': '2',
  'group.min.session.timeout.ms': '1000',
  'group.consumer.min.session.timeout.ms': String(CONSUMER_SESSION_MS),
  'group.consumer.session.timeout.ms': String(CONSUMER_SESSION_MS),
  'group.consumer.min.heartbeat.interval.ms': '500',
  'group.consumer.heartbeat.interval.ms': '500',
  // What is committed is on two disks at least, so that one may be lost.
  'min.insync.replicas': '2',
}

export function groupConfigs({ migrationPolicy }: Plan): Readonly<Record<string, string>> {
  return { ...GROUP_CONFIGS, 'group.consumer.migration.policy': migrationPolicy }
}

/** Where members write that copy. */
export const COPIES = 'copies'

export interface GroupsOptions {
  readonly world: World
  readonly plan: Plan
  readonly topic: string
  readonly brokers: readonly Address[]
  readonly history: History
  readonly onRead: (who: string, partition: number, offset: number, value: string) => void
}

const LIFE_MS_MAX = 5_000
const AWAY_MS_MAX = 2_000
const LOOK_AGAIN_MS = 100

export class Groups {
  readonly #options: GroupsOptions
  readonly #groups: readonly GroupHistory[]
  /** By machine: who runs there now, and in which group. */
  readonly #participants = new Map<string, { readonly group: GroupHistory; readonly participant: Participant | null }>()
  readonly #lives: Promise<void>[] = []
  /** As it was looked up last. */
  readonly #committed = new Map<GroupHistory, ReadonlyMap<number, number>>()
  /** Nobody leaves any more, and nobody dies. */
  #isCalm = false
  #isOver = false
  /** Of all members at once. */
  readonly #death = Promise.withResolvers<void>()

  constructor(options: GroupsOptions) {
    this.#options = options
    const violate = (rule: string, message: string): void => options.world.violate(rule, message)
    const random = options.world.streams.stream('group times')
    const { groups, groupProtocol, groupWork } = options.plan
    this.#groups = Array.from({ length: groups }, (_, index) => {
      const drawn = random.pick(GROUP_TIMES)
      // Who copies comes when its transaction has ended.
      const rebalanceMs = groupWork === 'copy' ? Math.max(drawn.rebalanceMs, COPYING_REBALANCE_MS) : drawn.rebalanceMs
      return new GroupHistory(`group-${index + 1}`, { times: { ...drawn, rebalanceMs }, isMixed: isMixed(groupProtocol), violate })
    })
  }

  /** A member lives on that machine, one life after the other, until it is over. */
  begin(host: Host, index: number, random: RandomStream): void {
    this.#lives.push(this.#live(host, index, random))
  }

  async #live(host: Host, index: number, random: RandomStream): Promise<void> {
    const { world, plan } = this.#options
    const group = this.#groups[index % this.#groups.length] as GroupHistory
    const ownId = random.chance(0.4) ? `instance-${index + 1}` : null
    // Of its neighbour in the group, who has it or not.
    const otherId = `instance-${index + 1 + this.#groups.length}`
    await world.sleep(random.within(0, AWAY_MS_MAX))
    for (let life = 1; !this.#isOver; life += 1) {
      const who = `${host.name}#${life}`
      const { runtime } = host.boot()
      const isThief = !this.#isCalm && random.chance(0.1)
      const instanceId = isThief ? otherId : ownId
      const protocol = protocolOfLife(plan.groupProtocol, random)
      world.sometimes(`a member is ${instanceId === null ? 'dynamic' : 'static'}: ${protocol}`)
      const participant = new Participant({
        who,
        instanceId,
        protocol,
        runtime,
        brokers: this.#options.brokers,
        topic: this.#options.topic,
        partitions: plan.partitions,
        copies: this.areCopying ? { topic: COPIES, transactionalId: host.name } : null,
        random,
        history: group,
        onRead: (partition, offset, value) => this.#options.onRead(who, partition, offset, value),
        nowMs: () => world.scheduler.nowMs,
        sometimes: (state) => world.sometimes(state),
        complain: (message) => world.violate('groups are answered', `${who} in ${group.groupId}: ${message}`),
      })
      this.#participants.set(host.name, { group, participant })
      await this.#liveOnce(participant, random, isThief)
      this.#participants.set(host.name, { group, participant: null })
      group.owners.isGone(who)
      host.crash(random.pick(['process', 'power']))
      if (!this.#isCalm) await world.sleep(random.within(0, AWAY_MS_MAX))
    }
  }

  get areCopying(): boolean {
    return this.#options.plan.groupWork === 'copy'
  }

  calmDown(): void {
    this.#isCalm = true
  }

  /** All members at once, so that nobody is left who would be asked to join again. */
  async die(): Promise<void> {
    this.#isOver = true
    this.#death.resolve()
    await Promise.all(this.#lives)
  }

  /** Resolves when all have left. */
  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#lives)
  }

  /** Every member knows what it has, and each partition is somebody's. */
  areSettled(): boolean {
    return this.#groups.every((group) => {
      const members = [...this.#participants.values()].filter((member) => member.group === group)
      const owned = members.map(({ participant }) => participant?.settledWith ?? null)
      return owned.every((each) => each !== null) && new Set(owned.flat()).size === this.#options.plan.partitions
    })
  }

  /** Every group has come to the end of what is committed. */
  haveReadAll(nodes: readonly WatchedNode[]): boolean {
    const { topic } = this.#options
    const led = nodes.flatMap((node) => [...node.partitions()].filter((each) => each.topic === topic && each.isLeader))
    return led.every(({ index, highWatermark }) => this.#groups.every(({ processed }) => processed.nextOffset(index) >= highWatermark))
  }

  /** `isFirst`: who died has to be missed yet. At the second look, when everything has lost its power meanwhile, nobody is there. */
  async lookAtWhatIsLeft(host: Host, isFirst: boolean): Promise<void> {
    const { world, topic, brokers, plan, history } = this.#options
    const { runtime } = host.boot()
    const random = world.streams.stream(host.name)
    const partitions = Array.from({ length: plan.partitions }, (_, partition) => partition)
    const nowMs = (): number => world.scheduler.nowMs
    const looker = new GroupLooker({ name: host.name, runtime, brokers, topic, partitions, random, nowMs })
    for (const group of this.#groups) {
      let found = await looker.findOffsets(group)
      for (; found === null; found = await looker.findOffsets(group)) await world.sleep(LOOK_AGAIN_MS)
      this.#committed.set(group, found)
      const skipped = this.areCopying ? [] : group.processed.skipped(history.sent)
      for (const message of skipped) world.violate('nothing is skipped', `group ${group.groupId}: ${message}`)
      await this.#lookForMembers(looker, group, isFirst)
    }
    looker.close()
    host.crash('process')
  }

  /** After the look at what is left: what was there to copy, and what a reader of committed records finds of it. */
  checkCopies(source: readonly (readonly ReadRecord[])[], found: readonly (readonly ReadRecord[])[]): void {
    for (const [{ groupId }, committed] of this.#committed) {
      const messages = miscopied({ source, found, committed, copyOf: (value) => copyOf(groupId, value) })
      for (const message of messages) this.#options.world.violate('exactly once', `group ${groupId}: ${message}`)
    }
  }

  async #lookForMembers(looker: GroupLooker, group: GroupHistory, mayBeMissed: boolean): Promise<void> {
    const { world, plan } = this.#options
    for (;;) {
      const memberIds = await looker.memberIds(group, plan.groupProtocol)
      if (memberIds?.length === 0) return
      if (memberIds !== null && !mayBeMissed) world.violate('who left is gone', `group ${group.groupId} has ${memberIds.join(', ')} again`)
      await world.sleep(LOOK_AGAIN_MS)
    }
  }

  /** Until it dies, leaves or is shut out. Who came with the instance id of somebody else leaves when all is calm. */
  async #liveOnce(participant: Participant, random: RandomStream, isThief: boolean): Promise<void> {
    const { world } = this.#options
    const lifeMs = random.chance(0.3) ? Number.POSITIVE_INFINITY : random.between(500, LIFE_MS_MAX)
    const diesAtMs = world.scheduler.nowMs + lifeMs
    const isDueToGo = (): boolean => !this.#isCalm && world.scheduler.nowMs >= diesAtMs
    const mustLeave = random.chance(0.5) ? isDueToGo : (): boolean => false
    const lived = participant
      .takePart(
        () => this.#isOver || mustLeave() || (isThief && this.#isCalm),
        () => !this.#isCalm,
      )
      .catch((error: unknown) => {
        if (!(error instanceof ShutOut)) throw error
      })
    const death = this.#death.promise
    if (lifeMs === Number.POSITIVE_INFINITY) return Promise.race([lived, death])
    const died = world.sleep(lifeMs).then(() => (isDueToGo() && !mustLeave() ? undefined : lived))
    return Promise.race([lived, died, death])
  }
}
