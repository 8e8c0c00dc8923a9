/**
 * A group coordinator with all that its runtime gives it, in memory: a clock that moves when told, timers, topics, the log that its
 * records go to (as bytes), and clients' requests with their answers. What it writes is committed at once.
 */
import { type ApiDefinition, APIS, encodeMessage, uuidFromBytes, ZERO_UUID } from '@millrace/protocol'
import { GroupCoordinator } from '../group/group-coordinator.ts'
import type { GroupEvent } from '../group/events.ts'
import type { GroupEffect } from '../group/effects.ts'
import type { GroupApi, GroupApis, GroupResponse } from '../group/requests.ts'
import { type ConsumerGroupSettings, DEFAULT_GROUP_SETTINGS, type GroupSettings } from '../group/settings.ts'
import type { TopicDescription, TopicsView } from '../group/topics-view.ts'
import type { MachineTime, ReplyToken, TransactionalOrigin } from '../machine.ts'
import { decodeGroupRecord, encodeGroupRecord, type GroupRecord } from '../records/group-record.ts'
import type { RecordBytes } from '../records/record-format.ts'

interface LoggedRecord extends RecordBytes {
  readonly transaction: TransactionalOrigin | null
}

interface LoggedMarker {
  readonly producerId: number
  readonly result: 'commit' | 'abort'
}

export type LogEntry = LoggedRecord | LoggedMarker

export interface Asking {
  readonly apiVersion: number
  readonly clientId?: string
  readonly connectionId?: number
}

export class GroupHarness {
  /** Monotonic time. */
  nowMs = 1_000_000
  /** How far the wall clock is ahead of it. */
  wallClockAheadMs = 0
  settings: GroupSettings = DEFAULT_GROUP_SETTINGS
  /** What is set for one group, by its id. */
  readonly groupSettings = new Map<string, Partial<ConsumerGroupSettings>>()
  readonly topics = new Map<string, TopicDescription>()
  readonly log: LogEntry[] = []
  /** What was set and is neither fired nor cancelled, by key. */
  readonly timers = new Map<string, number>()
  /** How many times a timer was set, whatever it replaced. */
  timersSet = 0
  readonly answers = new Map<ReplyToken, GroupResponse>()
  coordinator: GroupCoordinator
  readonly #versions = new Map<ReplyToken, number>()
  #nextToken = 1
  #nextUuid = 1

  constructor(settings: Partial<GroupSettings> = {}) {
    this.settings = { ...this.settings, ...settings }
    this.coordinator = this.#create()
    this.#perform(this.coordinator.loaded(this.time))
  }

  get time(): MachineTime {
    return { nowMs: this.nowMs + this.wallClockAheadMs, monotonicMs: this.nowMs }
  }

  addTopic(name: string, partitionCount = 3, id = `${name}AAAAAAAAAAAAAAAAAAAAAA`.slice(0, 22)): TopicDescription {
    const topic = { name, id, partitionCount }
    this.topics.set(name, topic)
    return topic
  }

  /** Hands a request in. The token says whose answer is whose. */
  send<Api extends GroupApi>(api: Api, body: GroupApis[Api]['request'], asking: Asking): ReplyToken {
    const token = this.#nextToken++
    const { apiVersion, clientId = 'client', connectionId = 1 } = asking
    this.#versions.set(token, apiVersion)
    const client = { id: clientId, host: '/127.0.0.1', connectionId }
    this.step({ type: 'request', token, ...this.time, apiVersion, client, request: { api, body } as never })
    return token
  }

  /** Hands a request in that is answered at once. */
  ask<Api extends GroupApi>(api: Api, body: GroupApis[Api]['request'], asking: Asking): GroupApis[Api]['response'] {
    const answer = this.answerTo(this.send(api, body, asking), api)
    if (answer === undefined) throw new Error(`${api} is not answered yet`)
    return answer
  }

  answerTo<Api extends GroupApi>(token: ReplyToken, api: Api): GroupApis[Api]['response'] | undefined {
    const answer = this.answers.get(token)
    if (answer !== undefined && answer.api !== api) throw new Error(`${api} is answered as ${answer.api}`)
    return answer?.body as GroupApis[Api]['response'] | undefined
  }

  step(event: GroupEvent): readonly GroupEffect[] {
    const effects = this.coordinator.step(event)
    this.#perform(effects)
    return effects
  }

  /** A transaction ends: its marker goes to the log. */
  endTransaction(producerId: number, result: 'commit' | 'abort'): void {
    this.log.push({ producerId, result })
    this.coordinator.replayMarker(producerId, 0, result)
  }

  /** The timers that belong to a group or a member. */
  get ownedTimers(): string[] {
    return [...this.timers.keys()].filter((key) => !key.endsWith('/'))
  }

  /** Moves the clock, timer by timer. */
  advance(ms: number): void {
    const endMs = this.nowMs + ms
    for (;;) {
      const due = [...this.timers].filter(([, dueMs]) => dueMs <= endMs).toSorted(([, left], [, right]) => left - right)[0]
      if (due === undefined) break
      this.timers.delete(due[0])
      this.nowMs = Math.max(this.nowMs, due[1])
      this.step({ type: 'timer', key: due[0], ...this.time })
    }
    this.nowMs = endMs
  }

  /** The partition gets another leader: a new machine reads the log, and nobody is answered who waits. */
  failOver(): void {
    this.coordinator = this.#create()
    for (const entry of this.log) {
      if ('result' in entry) this.coordinator.replayMarker(entry.producerId, 0, entry.result)
      else this.coordinator.replay(decodeGroupRecord(entry.key, entry.value), { offset: 0, transaction: entry.transaction })
    }
    this.timers.clear()
    this.#perform(this.coordinator.loaded(this.time))
  }

  /** What was written, as records. */
  get records(): GroupRecord[] {
    return this.log.flatMap((entry) => ('result' in entry ? [] : [decodeGroupRecord(entry.key, entry.value)]))
  }

  #create(): GroupCoordinator {
    const topics: TopicsView = {
      byName: (name) => this.topics.get(name),
      byId: (id) => (id === ZERO_UUID ? undefined : [...this.topics.values()].find((topic) => topic.id === id)),
      all: () => this.topics.values(),
    }
    return new GroupCoordinator({
      settings: () => this.settings,
      settingsOf: (groupId) => ({ ...this.settings, ...this.groupSettings.get(groupId) }),
      topics: () => topics,
      newUuid: () => this.#newUuid(),
    })
  }

  #newUuid(): string {
    const bytes = new Uint8Array(16)
    new DataView(bytes.buffer).setUint32(12, this.#nextUuid++)
    return uuidFromBytes(bytes)
  }

  /** A machine does not encode, so what a version cannot carry would show in the broker alone. */
  #assertEncodable(token: ReplyToken, { api, body }: GroupResponse): void {
    const { response } = APIS.find(({ name }) => name === api) as ApiDefinition
    encodeMessage(response, this.#versions.get(token) as number, body as never)
  }

  #perform(effects: readonly GroupEffect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'append':
          for (const record of effect.records) this.log.push({ ...encodeGroupRecord(record), transaction: effect.transaction })
          break
        case 'reply':
          if (this.answers.has(effect.token)) throw new Error(`${effect.response.api} is answered twice`)
          this.#assertEncodable(effect.token, effect.response)
          this.answers.set(effect.token, effect.response)
          break
        case 'set-timer':
          this.timers.set(effect.key, this.nowMs + effect.delayMs)
          this.timersSet += 1
          break
        case 'cancel-timer':
          this.timers.delete(effect.key)
          break
      }
    }
  }
}
