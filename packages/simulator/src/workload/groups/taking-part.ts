/**
 * One life of a member: takes part in its group, and of each partition that it is given reads on where the group has committed, processes
 * what it reads, and commits how far it has come.
 */
import { ERROR_CODES } from '@millrace/protocol'
import type { Address, Runtime } from '@millrace/runtime'
import type { RandomStream } from '../../core/random-streams.ts'
import { Requester } from '../wire/requester.ts'
import { ClassicMembership } from './classic-membership.ts'
import { ConsumerMembership } from './consumer-membership.ts'
import { Copier } from './copier.ts'
import type { GroupHistory } from './group-history.ts'
import { GroupLine } from './group-line.ts'
import { GroupOffsets } from './group-offsets.ts'
import { isForLater, type Membership, unexpected } from './membership.ts'
import { type FetchedRecord, PartitionReader } from './partition-reader.ts'

export type MemberProtocol = 'eager' | 'cooperative' | 'consumer'
/** Of a group. In those that are named after two, each life of a member speaks either. */
export type GroupProtocol = MemberProtocol | 'eager-or-consumer' | 'cooperative-or-consumer'

export function isMixed(protocol: GroupProtocol): protocol is 'eager-or-consumer' | 'cooperative-or-consumer' {
  return protocol === 'eager-or-consumer' || protocol === 'cooperative-or-consumer'
}

export function protocolOfLife(protocol: GroupProtocol, random: RandomStream): MemberProtocol {
  if (!isMixed(protocol)) return protocol
  return random.pick([protocol === 'eager-or-consumer' ? 'eager' : 'cooperative', 'consumer'])
}

export interface TakingPartOptions {
  /** Of this life, as checkers call it. */
  readonly who: string
  readonly instanceId: string | null
  readonly protocol: MemberProtocol
  readonly runtime: Runtime
  readonly brokers: readonly Address[]
  readonly topic: string
  readonly partitions: number
  /** Where to copy what it reads, and by which id; null for a member that does not. */
  readonly copies: { readonly topic: string; readonly transactionalId: string } | null
  readonly random: RandomStream
  readonly history: GroupHistory
  readonly onRead: (partition: number, offset: number, value: string) => void
  nowMs(): number
  sometimes(state: string): void
  complain(message: string): void
}

const PAUSE_MS = 60
const COMMIT_CHANCE = 0.25
const COPIED_AT_ONCE_MAX = 40
const DAWDLE_CHANCE = 0.02
/** Between what it writes in a transaction, what it commits, and the end. */
const DAWDLE_IN_TRANSACTION_CHANCE = 0.1
const DAWDLE_MS_MIN = 800
const DAWDLE_MS_MAX = 5_000
/** What it was told to let go of it finishes first, and says meanwhile that it is there. */
const SLOW_LETTING_GO_CHANCE = 0.3
const SLOW_LETTING_GO_MS_MAX = 2_000
const SHOWS_LIFE_MS = 250
const EXPECTED: ReadonlySet<number> = new Set([
  ERROR_CODES.NONE,
  ERROR_CODES.REBALANCE_IN_PROGRESS,
  ERROR_CODES.ILLEGAL_GENERATION,
  ERROR_CODES.UNKNOWN_MEMBER_ID,
  ERROR_CODES.STALE_MEMBER_EPOCH,
  ERROR_CODES.FENCED_MEMBER_EPOCH,
  ERROR_CODES.GROUP_ID_NOT_FOUND,
  ERROR_CODES.UNSTABLE_OFFSET_COMMIT,
])

export class Participant {
  readonly #options: TakingPartOptions
  readonly #requester: Requester
  readonly #membership: Membership
  readonly #offsets: GroupOffsets
  readonly #reader: PartitionReader
  /** Null for a member that processes what it reads, and commits that later. */
  readonly #copier: Copier | null
  #mayDawdle: () => boolean = () => false
  /** By partition: what comes next, and how much of it is committed. */
  readonly #positions = new Map<number, { next: number; committed: number }>()

  constructor(options: TakingPartOptions) {
    this.#options = options
    const { who, protocol, runtime, brokers, topic, random, history } = options
    const requester = new Requester(runtime, who)
    const line = new GroupLine({ requester, brokers, random, groupId: history.groupId, clientId: who })
    const membership = {
      ...options,
      line,
      clock: runtime.clock,
      times: history.times,
      isMixed: history.isMixed,
      owners: history.owners,
      epochs: history.epochs,
      beforeLettingGo: (partitions: readonly number[]) => this.#letGo(partitions),
      onLost: () => this.#positions.clear(),
    }
    this.#requester = requester
    this.#membership =
      protocol === 'consumer' ? new ConsumerMembership(membership, random) : new ClassicMembership(membership, protocol === 'cooperative')
    const version = protocol === 'consumer' ? 9 : 8
    this.#offsets = new GroupOffsets({ who, line, topic, version, history: history.offsets, nowMs: options.nowMs })
    this.#reader = new PartitionReader(runtime, { requester, brokers, random, topic })
    const { copies, nowMs, sometimes } = options
    const sleep = (ms: number): Promise<void> => this.#pause(ms)
    this.#copier =
      copies === null
        ? null
        : new Copier({
            who,
            sourceTopic: topic,
            producer: { ...copies, runtime, requester, brokers, random, sleep },
            random,
            line,
            history,
            nowMs,
            sometimes,
            dawdle: async () => void (await this.#dawdle(DAWDLE_IN_TRANSACTION_CHANCE)),
          })
  }

  /** What it has; null while it waits for something. */
  get settledWith(): readonly number[] | null {
    return this.#membership.isSettled ? [...this.#membership.owned] : null
  }

  /** While `mayDawdle`, it sometimes takes too long over what it read. Rejects with `ShutOut` when another process has taken its place. */
  async takePart(mustLeave: () => boolean, mayDawdle: () => boolean): Promise<void> {
    const { random } = this.#options
    this.#mayDawdle = mayDawdle
    while (!mustLeave()) {
      await this.#membership.attend()
      await this.#readSome()
      // The first that it says afterwards is a commit or a heartbeat.
      const commitChance = (await this.#dawdle(DAWDLE_CHANCE)) ? 0.5 : COMMIT_CHANCE
      if (random.chance(commitChance)) await this.#commit([...this.#membership.owned])
      await this.#pause(random.within(0, 2 * PAUSE_MS))
    }
    await this.#commit([...this.#membership.owned])
    await this.#membership.leave()
    this.#requester.close()
  }

  async #readSome(): Promise<void> {
    const { random, history, onRead } = this.#options
    const { owned } = this.#membership
    for (const partition of this.#positions.keys()) if (!owned.has(partition)) this.#positions.delete(partition)
    const unknown = [...owned].filter((partition) => !this.#positions.has(partition))
    if (unknown.length > 0) await this.#findPositions(unknown)
    const known = [...this.#positions.keys()].filter((partition) => owned.has(partition))
    if (known.length === 0) return
    const partition = random.pick(known)
    const position = this.#positions.get(partition)
    const fetched = position === undefined ? null : await this.#reader.read(partition, position.next)
    if (position === undefined || fetched === null) return
    for (const { offset, value } of fetched.records) onRead(partition, offset, value)
    if (this.#copier !== null && fetched.records.length > 0) return this.#copy(this.#copier, partition, fetched.records)
    for (const { offset } of fetched.records) history.processed.processed(partition, offset)
    position.next = fetched.nextOffset
  }

  async #copy(copier: Copier, partition: number, fetched: readonly FetchedRecord[]): Promise<void> {
    const { history, instanceId, random } = this.#options
    const { memberId, epoch } = this.#membership
    const records = fetched.slice(0, random.between(1, COPIED_AT_ONCE_MAX))
    const nextOffset = (records.at(-1) as FetchedRecord).offset + 1
    if (await copier.copy({ partition, records, nextOffset, committer: { memberId, epoch, instanceId } })) {
      this.#positions.set(partition, { next: nextOffset, committed: nextOffset })
      history.processed.cameTo(partition, nextOffset)
    } else this.#positions.clear()
  }

  async #findPositions(partitions: readonly number[]): Promise<void> {
    const found = await this.#offsets.find(partitions, this.#membership)
    if (typeof found === 'number') return this.#refused('OffsetFetch', found)
    for (const [partition, offset] of found) {
      this.#positions.set(partition, { next: offset, committed: offset })
      this.#options.history.processed.cameTo(partition, offset)
    }
  }

  /** What it cannot commit is processed again by whoever gets it. */
  async #letGo(partitions: readonly number[]): Promise<void> {
    const { random } = this.#options
    if (random.chance(SLOW_LETTING_GO_CHANCE) && this.#mayDawdle()) await this.#takeItsTime(random.within(0, SLOW_LETTING_GO_MS_MAX))
    if (random.chance(0.8)) await this.#commit(partitions)
    for (const partition of partitions) this.#positions.delete(partition)
  }

  async #commit(partitions: readonly number[]): Promise<void> {
    const { who, history, instanceId, nowMs, protocol } = this.#options
    const { owned, memberId, epoch } = this.#membership
    const offsets = new Map<number, number>()
    for (const partition of partitions) {
      const position = this.#positions.get(partition)
      if (owned.has(partition) && position !== undefined && position.next > position.committed) offsets.set(partition, position.next)
    }
    if (offsets.size === 0) return
    const sentMs = nowMs()
    const codes = await this.#offsets.commit(offsets, { memberId, epoch, instanceId })
    if (codes === null) return
    const granted = [...offsets].filter(([partition]) => codes.get(partition) === ERROR_CODES.NONE)
    history.owners.granted(
      who,
      granted.map(([partition]) => partition),
      sentMs,
    )
    if (granted.length > 0 && protocol !== 'consumer') history.epochs.granted('a commit was taken', epoch, sentMs)
    for (const [partition, offset] of granted) {
      const position = this.#positions.get(partition)
      if (position !== undefined) position.committed = Math.max(position.committed, offset)
    }
    for (const errorCode of new Set(codes.values())) this.#refused('OffsetCommit', errorCode)
  }

  #refused(what: string, errorCode: number): void {
    const { complain } = this.#options
    if (errorCode !== ERROR_CODES.NONE) this.#membership.heardRefusal(errorCode)
    if (!EXPECTED.has(errorCode) && !isForLater(errorCode)) complain(unexpected(what, errorCode))
  }

  async #takeItsTime(ms: number): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= SHOWS_LIFE_MS) {
      await this.#pause(Math.min(leftMs, SHOWS_LIFE_MS))
      await this.#membership.showLife()
    }
  }

  /** While it may, it sometimes takes too long, and says nothing meanwhile. Says whether it did. */
  async #dawdle(chance: number): Promise<boolean> {
    const { random } = this.#options
    const dawdles = random.chance(chance) && this.#mayDawdle()
    if (dawdles) await this.#pause(random.within(DAWDLE_MS_MIN, DAWDLE_MS_MAX))
    return dawdles
  }

  /** A pause of the process: it ends with it. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.runtime.clock.setTimer(ms, resolve))
  }
}
