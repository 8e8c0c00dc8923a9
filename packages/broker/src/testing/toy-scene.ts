/** A broker that hosts toy coordinators, and clients that ask them. */
import { batchCodec, isTransactional, partitionLeaderEpoch, readRecords } from '@millrace/protocol'
import type { ReplyToken } from '@millrace/coordinator'
import type { CoordinatorAnswer, CoordinatorError } from '../coordinator/coordinator-kind.ts'
import { HostedCoordinators, type Place } from '../coordinator/hosted-coordinators.ts'
import { BrokerFixture, type FixtureOptions } from './broker-fixture.ts'
import { settled } from './settled.ts'
import { type Ring, TOY_TOPIC, type ToyEvent, ToyKind, type ToyRecord } from './toy-coordinator.ts'

export const COMMIT_TIMEOUT_MS = 5_000

export class ToyScene {
  readonly broker: BrokerFixture
  readonly kind: ToyKind
  coordinators: HostedCoordinators<ToyEvent, ToyRecord, string, Ring>

  private constructor(broker: BrokerFixture, kind: ToyKind) {
    this.broker = broker
    this.kind = kind
    this.coordinators = this.#host()
  }

  static async start(options: FixtureOptions & { readonly isEager?: boolean } = {}): Promise<ToyScene> {
    return new ToyScene(await BrokerFixture.start(options), new ToyKind(options.isEager))
  }

  /** Creates the toys' topic; each partition has these replicas. */
  addTopic(replicas: readonly (readonly number[])[] = [[1]], configs: Readonly<Record<string, string>> = {}): void {
    for (const id of new Set(replicas.flat())) if (id !== this.broker.nodeId) this.broker.addBroker(id)
    this.broker.addTopic(TOY_TOPIC.name, replicas, { 'cleanup.policy': 'compact', ...configs })
  }

  async restart(): Promise<void> {
    this.coordinators.close()
    await this.broker.restart()
    this.coordinators = this.#host()
  }

  async close(): Promise<void> {
    this.coordinators.close()
    await this.broker.close()
  }

  /** What is answered; the protocol's number where it is refused. */
  async ask(event: Asked, options: Options = {}): Promise<string | CoordinatorError> {
    const answer = await this.asked(event, options)
    return answer.type === 'answered' ? answer.response : answer.errorCode
  }

  /** As `ask`, in a turn that ends at once. */
  asked(event: Asked, { place = { partition: 0 }, connectionId = 1, mayWrite = true, onAsked }: Options = {}) {
    const answer = this.coordinators.ask(place, {
      connectionId,
      mayWrite,
      toEvent: (token) => ({ ...event, token }),
      ...(onAsked === undefined ? {} : { onAsked }),
    })
    this.broker.services.turn.commit()
    return answer
  }

  /** Notes in `told` what is answered, when it is. */
  note(told: string[], event: Asked, options: Options = {}): void {
    void this.asked(event, options).then((answer: CoordinatorAnswer<string>) =>
      told.push(answer.type === 'answered' ? answer.response : `error ${answer.errorCode}`),
    )
  }

  /** The cluster counts on the broker, or does not any more. */
  serve(isServing: boolean): void {
    this.broker.services.partitions.setServing(isServing)
    this.coordinators.servingChanged(isServing)
  }

  /** What lies in the log of the toys, without markers. */
  async stored(partition = 0) {
    const { compression } = this.broker.services
    const batches = await this.broker.storedBatches(TOY_TOPIC.name, partition)
    return batches.map((batch) => ({
      records: readRecords(batch, 0, (codec, bytes) => compression.decompress(codec, bytes, 1_000_000)).map(
        ({ key, value }) => `${text(key)}=${text(value)}`,
      ),
      codec: batchCodec(batch, 0),
      leaderEpoch: partitionLeaderEpoch(batch, 0),
      isTransactional: isTransactional(batch, 0),
    }))
  }

  /** Lets time pass, and what follows from it. */
  async pass(ms: number): Promise<void> {
    this.broker.clock.advance(ms)
    await settled()
  }

  #host() {
    const { services } = this.broker
    return new HostedCoordinators(this.kind, { ...services, commitTimeoutMs: () => COMMIT_TIMEOUT_MS })
  }
}

type Without<Event, Keys extends PropertyKey> = Event extends unknown ? Omit<Event, Keys> : never
type Asked = Without<Extract<ToyEvent, { readonly token: ReplyToken }>, 'token'>

interface Options {
  readonly place?: Place
  readonly connectionId?: number
  readonly mayWrite?: boolean
  readonly onAsked?: (giveUp: (errorCode: CoordinatorError) => void) => void
}

function text(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : new TextDecoder().decode(bytes)
}
