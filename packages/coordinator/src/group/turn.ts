/** One step of a group coordinator under way: what it may look at, and what it wants done. */
import type { MachineTime, ReplyToken, TransactionalOrigin } from '../machine.ts'
import type { GroupRecord } from '../records/group-record.ts'
import { BATCH_OVERHEAD_BOUND_BYTES, recordSizeBound } from '../records/record-size.ts'
import type { GroupEffect } from './effects.ts'
import type { GroupApi, GroupApis, GroupResponse } from './requests.ts'
import type { ConsumerGroupSettings, GroupSettings } from './settings.ts'
import type { GroupState } from './state.ts'
import type { TopicsView } from './topics-view.ts'

export interface GroupContext {
  /** Asked for once in each step that needs them, for they may be changed at any time. */
  settings(): GroupSettings
  /** What of it holds for this consumer group. Asked for at each heartbeat. */
  settingsOf(groupId: string): ConsumerGroupSettings
  topics(): TopicsView
  /** In the text form of `@millrace/protocol`. */
  newUuid(): string
}

export class GroupTurn {
  readonly state: GroupState
  /** By the wall clock: for what is written. */
  readonly nowMs: number
  /** For deadlines, which no jump of the wall clock moves. */
  readonly monotonicMs: number
  readonly #context: GroupContext
  #settings: GroupSettings | null = null
  #topics: TopicsView | null = null
  readonly #replay: (record: GroupRecord, transaction: TransactionalOrigin | null) => void
  readonly #records: GroupRecord[] = []
  #transaction: TransactionalOrigin | null = null
  #batchBytes = BATCH_OVERHEAD_BOUND_BYTES
  readonly #effects: GroupEffect[] = []

  constructor(
    state: GroupState,
    { nowMs, monotonicMs }: MachineTime,
    context: GroupContext,
    replay: (record: GroupRecord, transaction: TransactionalOrigin | null) => void,
  ) {
    this.state = state
    this.nowMs = nowMs
    this.monotonicMs = monotonicMs
    this.#context = context
    this.#replay = replay
  }

  /** Throughout the step the same. Most steps are heartbeats, which need neither these nor topics. */
  get settings(): GroupSettings {
    return (this.#settings ??= this.#context.settings())
  }

  get topics(): TopicsView {
    return (this.#topics ??= this.#context.topics())
  }

  settingsOf(groupId: string): ConsumerGroupSettings {
    return this.#context.settingsOf(groupId)
  }

  newUuid(): string {
    return this.#context.newUuid()
  }

  /** Writes a record, and changes the state by it at once. What a step writes is one batch, within one transaction or without any. */
  append(record: GroupRecord, transaction: TransactionalOrigin | null = null): void {
    if (this.#records.length > 0 && transaction?.producerId !== this.#transaction?.producerId) {
      throw new Error('a step writes within one transaction, or without any')
    }
    this.#records.push(record)
    this.#batchBytes += recordSizeBound(record)
    this.#transaction = transaction
    this.#replay(record, transaction)
  }

  /** The log takes these too in one batch with what was written already. */
  fits(records: readonly GroupRecord[]): boolean {
    return records.reduce((bytes, record) => bytes + recordSizeBound(record), this.#batchBytes) <= this.settings.maxBatchBytes
  }

  /** Says whether there was room for it. */
  appendIfFits(record: GroupRecord): boolean {
    const fits = this.fits([record])
    if (fits) this.append(record)
    return fits
  }

  reply<Api extends GroupApi>(token: ReplyToken, api: Api, body: GroupApis[Api]['response']): void {
    this.#effects.push({ type: 'reply', token, response: { api, body } as GroupResponse })
  }

  /** `key` is made by `timerKey`; `dueMs` is monotonic time. */
  setTimer(key: string, dueMs: number): void {
    this.#effects.push({ type: 'set-timer', key, delayMs: dueMs - this.monotonicMs })
  }

  cancelTimer(key: string): void {
    this.#effects.push({ type: 'cancel-timer', key })
  }

  end(): readonly GroupEffect[] {
    if (this.#records.length === 0) return this.#effects
    return [{ type: 'append', records: this.#records, transaction: this.#transaction }, ...this.#effects]
  }
}
