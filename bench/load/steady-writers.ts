/** Idempotent producers that write numbered records to all partitions, never faster than a steady pace, until they are stopped. */
import { type Client, createClient, type Producer } from '@millrace/client'

/** Who is told what became of each record. */
export interface Witness {
  acknowledge(place: { readonly topic: string; readonly partition: number }, record: string, offset: number): void
  giveUp(reason: unknown): void
}

export interface WritersOptions {
  readonly brokers: string
  readonly topics: readonly { readonly name: string; readonly partitions: number }[]
  readonly witness: Witness
  readonly writers: number
  /** Of each writer. */
  readonly recordsPerSecond: number
}

const TICK_MS = 20
const PADDING = 'x'.repeat(200)
/** Longer than any outage here: a producer that gives up proves nothing. */
const DELIVERY_TIMEOUT_MS = 600_000

export class Writers implements AsyncDisposable {
  readonly #options: WritersOptions
  readonly #clients: Client[]
  readonly #lastAcknowledgedMs = new Map<string, number>()
  readonly #running: Promise<void>[]
  #longestGapMs = 0
  #isStopping = false

  constructor(options: WritersOptions) {
    this.#options = options
    for (const place of this.#places()) this.#lastAcknowledgedMs.set(place, performance.now())
    this.#clients = Array.from({ length: options.writers }, () => createClient({ brokers: options.brokers }))
    this.#running = this.#clients.map((client, writer) => this.#run(client.producer({ deliveryTimeoutMs: DELIVERY_TIMEOUT_MS }), writer))
  }

  /** The longest time that one partition went without an acknowledgement since this was called last. */
  takeLongestGapMs(): number {
    const nowMs = performance.now()
    const open = [...this.#lastAcknowledgedMs.values()].map((ms) => nowMs - ms)
    const longest = Math.max(this.#longestGapMs, ...open)
    this.#longestGapMs = 0
    return longest
  }

  /** Resolves when every partition has acknowledged something that was sent after now. */
  async allAcknowledge(deadlineMs: number): Promise<void> {
    const sinceMs = performance.now()
    for (;;) {
      const silent = [...this.#lastAcknowledgedMs].filter(([, ms]) => ms <= sinceMs).map(([place]) => place)
      if (silent.length === 0) return
      if (performance.now() - sinceMs > deadlineMs) {
        throw new Error(`nothing was acknowledged within ${deadlineMs / 1000} s by ${silent.join(', ')}`)
      }
      await pause(TICK_MS)
    }
  }

  /** Resolves when everything that was sent is acknowledged or given up. */
  async finish(): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.#running)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.#clients.map((client) => client.close()))
  }

  *#places(): Generator<string> {
    for (const { name, partitions } of this.#options.topics) {
      for (let partition = 0; partition < partitions; partition++) yield `${name}-${partition}`
    }
  }

  async #run(producer: Producer, writer: number): Promise<void> {
    const { topics, recordsPerSecond } = this.#options
    const places = topics.flatMap(({ name, partitions }) =>
      Array.from({ length: partitions }, (_, partition) => ({ topic: name, partition })),
    )
    const startMs = performance.now()
    let skippedMs = 0
    for (let number = 0; !this.#isStopping; ) {
      const waitedFromMs = performance.now()
      await producer.ready()
      // Time without room is not made up for: after an outage the load is what it was.
      skippedMs += performance.now() - waitedFromMs
      const due = ((performance.now() - startMs - skippedMs) / 1000) * recordsPerSecond
      for (; number < due; number++) {
        const place = places[number % places.length] as (typeof places)[number]
        this.#send(producer, place, `${writer} ${number}`)
      }
      await pause(TICK_MS)
    }
    await producer.flush()
    await producer.close()
  }

  #send(producer: Producer, place: { readonly topic: string; readonly partition: number }, record: string): void {
    producer.send({ ...place, value: `${record} ${PADDING}` }).then(
      ({ offset }) => {
        this.#options.witness.acknowledge(place, record, offset ?? -1)
        const key = `${place.topic}-${place.partition}`
        const nowMs = performance.now()
        this.#longestGapMs = Math.max(this.#longestGapMs, nowMs - (this.#lastAcknowledgedMs.get(key) ?? nowMs))
        this.#lastAcknowledgedMs.set(key, nowMs)
      },
      (error: unknown) => this.#options.witness.giveUp(error),
    )
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
