/**
 * A coordinator as small as can be: a map of texts, with everything that a real one does somehow. For tests of the runtime, which is
 * to know nothing of what it hosts.
 */
import type { CoordinatorEffect, CoordinatorMachine, RecordOrigin, ReplyToken, TransactionalOrigin } from '@millrace/coordinator'
import type { ImageDelta } from '@millrace/metadata'
import type { CoordinatorCode, CoordinatorKind, MachinePort, MetadataNews } from '../coordinator/coordinator-kind.ts'
import type { InternalTopic } from '../coordinator/internal-topics.ts'

export type ToyEvent =
  | {
      readonly type: 'set'
      readonly token: ReplyToken
      readonly key: string
      readonly value: string | null
      readonly in?: TransactionalOrigin
    }
  | { readonly type: 'get'; readonly token: ReplyToken; readonly key: string }
  /** Answered when its timer is due, or when the connection is gone. */
  | { readonly type: 'park'; readonly token: ReplyToken; readonly key: string; readonly forMs: number }
  | { readonly type: 'break'; readonly token: ReplyToken }
  /** Sets the key, and has the shell ring once that is committed. */
  | { readonly type: 'ring'; readonly token: ReplyToken; readonly key: string }
  | { readonly type: 'rang'; readonly key: string }
  | { readonly type: 'timer'; readonly key: string }
  | { readonly type: 'disconnected'; readonly connectionId: number }
  | { readonly type: 'topics-changed' }

export interface ToyRecord {
  readonly key: string
  readonly value: string | null
}

export interface Ring {
  readonly type: 'ring'
  readonly key: string
}

export type ToyEffect = CoordinatorEffect<ToyRecord, string> | Ring

export class ToyMachine implements CoordinatorMachine<ToyEvent, ToyRecord, ToyEffect> {
  readonly values = new Map<string, string>()
  /** What happened, in order. */
  readonly told: string[] = []
  readonly #pending = new Map<number, ToyRecord[]>()
  readonly #parked = new Map<string, ReplyToken>()
  loads = 0

  replay(record: ToyRecord, { offset, transaction }: RecordOrigin): void {
    if (offset >= 0) this.told.push(`${offset}: ${record.key}=${record.value}`)
    if (transaction === null) this.#apply(record)
    else this.#pending.set(transaction.producerId, [...(this.#pending.get(transaction.producerId) ?? []), record])
  }

  replayMarker(producerId: number, _producerEpoch: number, result: 'commit' | 'abort'): void {
    this.told.push(`${result} of ${producerId}`)
    if (result === 'commit') for (const record of this.#pending.get(producerId) ?? []) this.#apply(record)
    this.#pending.delete(producerId)
  }

  loaded(): readonly ToyEffect[] {
    this.loads += 1
    this.told.push('loaded')
    return []
  }

  step(event: ToyEvent): readonly ToyEffect[] {
    switch (event.type) {
      case 'set': {
        const { token, key, value, in: transaction = null } = event
        this.replay({ key, value }, { offset: -1, transaction })
        // The answer stands before what it depends on: the runtime must not care.
        return [
          { type: 'reply', token, response: `set ${key}` },
          { type: 'append', records: [{ key, value }], transaction },
        ]
      }
      case 'get':
        return [{ type: 'reply', token: event.token, response: this.values.get(event.key) ?? 'nothing' }]
      case 'park':
        this.#parked.set(event.key, event.token)
        return [{ type: 'set-timer', key: event.key, delayMs: event.forMs }]
      case 'break':
        throw new Error('the toy is broken')
      case 'ring': {
        const record = { key: event.key, value: 'rung' }
        this.replay(record, { offset: -1, transaction: null })
        return [
          { type: 'ring', key: event.key },
          { type: 'append', records: [record], transaction: null },
          { type: 'reply', token: event.token, response: 'ringing' },
        ]
      }
      case 'timer': {
        const token = this.#parked.get(event.key)
        this.#parked.delete(event.key)
        return token === undefined ? [] : [{ type: 'reply', token, response: 'time is up' }]
      }
      default:
        this.told.push(event.type === 'disconnected' ? `disconnected ${event.connectionId}` : event.type)
        return []
    }
  }

  #apply({ key, value }: ToyRecord): void {
    if (value === null) this.values.delete(key)
    else this.values.set(key, value)
  }
}

export const TOY_TOPIC: InternalTopic = {
  name: '__toys',
  settings: () => ({ partitionCount: 2, replicationFactor: 3, minInsyncReplicas: 2, configs: { 'cleanup.policy': 'compact' } }),
}

export class ToyKind implements CoordinatorKind<ToyEvent, ToyRecord, string, Ring>, CoordinatorCode<ToyEvent, ToyRecord, string, Ring> {
  readonly topic = TOY_TOPIC
  readonly isEager: boolean
  /** Every machine that was made, in order. */
  readonly machines: ToyMachine[] = []
  readonly rings: { readonly key: string; readonly machine: MachinePort<ToyEvent> }[] = []

  constructor(isEager = false) {
    this.isEager = isEager
  }

  get machine(): ToyMachine {
    const machine = this.machines.at(-1)
    if (machine === undefined) throw new Error('no machine was made')
    return machine
  }

  async load(): Promise<this> {
    return this
  }

  createMachine(): ToyMachine {
    const machine = new ToyMachine()
    this.machines.push(machine)
    return machine
  }

  encode({ key, value }: ToyRecord) {
    return { key: new TextEncoder().encode(key), value: value === null ? null : new TextEncoder().encode(value) }
  }

  decode(key: Uint8Array, value: Uint8Array | null): ToyRecord {
    const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
    if (key.length === 0) throw new Error('a toy has a name')
    return { key: text(key), value: value === null ? null : text(value) }
  }

  timerEvent(key: string): ToyEvent {
    return { type: 'timer', key }
  }

  disconnectedEvent(connectionId: number): ToyEvent {
    return { type: 'disconnected', connectionId }
  }

  metadataNews(_image: unknown, { topics }: ImageDelta): MetadataNews<ToyEvent> {
    const changed = [...topics.values()].filter(({ before, after }) => before === null || after === null)
    return { events: changed.length === 0 ? [] : [{ type: 'topics-changed' }], concernsAll: changed.some(({ after }) => after === null) }
  }

  perform({ key }: Ring, machine: MachinePort<ToyEvent>): void {
    this.rings.push({ key, machine })
    machine.post(() => ({ type: 'rang', key }))
  }
}
