/**
 * A few whole brokers in one process, over a network, disks and a clock of the test's, with a controller that decides what
 * replication needs. A broker can be killed in the middle of anything, with or without what its disk had not synced.
 */
import { DEFAULT_LOG_DIRECTORY_SETTINGS, type LogDirectory, openLogDirectory } from '@millrace/log'
import {
  type Clock,
  crc32c,
  createCompression,
  createMemoryDisk,
  type Logger,
  type MemoryDisk,
  seededRandom,
  type Timer,
} from '@millrace/runtime'
import { type Broker, startBroker } from '../broker.ts'
import type { BrokerFailedError } from '../lifecycle/broker-failed-error.ts'
import { ClusterClient } from './cluster-client.ts'
import { FakeController } from './fake-controller.ts'
import { PipeNetwork } from './pipe-network.ts'
import { settled } from './settled.ts'
import { StillClock } from './still-clock.ts'

export const CLUSTER_ID = 'mB0s3oWvTxGVWHNTVVlXSA'
const PORT = 9092

export class ClusterBroker {
  readonly id: number
  readonly #cluster: BrokerCluster
  readonly disk: MemoryDisk
  readonly lines: string[] = []
  readonly failures: BrokerFailedError[] = []
  broker: Broker | null = null
  logDirectory: LogDirectory | null = null
  #life: MortalClock | null = null

  constructor(cluster: BrokerCluster, id: number) {
    this.#cluster = cluster
    this.id = id
    this.disk = createMemoryDisk({ clock: cluster.clock, canLosePower: true })
  }

  get host(): string {
    return `broker-${this.id}`
  }

  /** Begins to start it; resolves when it serves. */
  async start(configs: Readonly<Record<string, string>> = {}): Promise<void> {
    const { controller, network, clock } = this.#cluster
    const life = new MortalClock(clock)
    this.#life = life
    const feed = controller.feedOf(this.id)
    const note = (event: string, fields?: object): void => void this.lines.push(`${event} ${JSON.stringify(fields)}`)
    const logger: Logger = { debug: () => {}, info: () => {}, warn: note, error: note, child: () => logger }
    const runtime = {
      clock: life,
      random: seededRandom(this.id),
      disk: this.disk,
      network: network.host(this.host),
      logger,
      compression: createCompression(),
      crc32c,
    }
    this.logDirectory = await openLogDirectory({
      runtime,
      path: '/data',
      nodeId: this.id,
      clusterId: CLUSTER_ID,
      settings: DEFAULT_LOG_DIRECTORY_SETTINGS,
    })
    this.broker = await startBroker({
      runtime: { ...runtime, random: seededRandom(this.id * 1_000 + this.#cluster.nextLife()) },
      nodeId: this.id,
      clusterId: CLUSTER_ID,
      host: this.host,
      port: PORT,
      advertised: { host: this.host, port: PORT },
      rack: null,
      controller: controller.portFor(this.id, () => life.isAlive),
      feed: {
        image: () => feed.image(),
        subscribe: (listener) => feed.subscribe((image, delta) => life.isAlive && listener(image, delta)),
      },
      logDirectory: this.logDirectory,
      staticConfigs: new Map(Object.entries(configs)),
      onFatal: (error) => void this.failures.push(error),
    })
  }

  /** As `kill -9`, and with the power if `losesPower`. */
  kill(losesPower = true): void {
    this.#life?.end()
    this.#cluster.network.kill(this.host)
    this.disk.losePower(losesPower ? seededRandom(7) : KEEPS_ALL)
    this.broker = null
    this.logDirectory = null
  }

  async stop(): Promise<void> {
    await this.broker?.close()
    await this.logDirectory?.close()
    this.broker = null
    this.logDirectory = null
  }
}

/** Chance by which nothing that was written is lost: as when only the process ends. */
const KEEPS_ALL = { uint32: () => 1, bytes: (length: number) => new Uint8Array(length).fill(1) }

export class BrokerCluster {
  readonly clock = new StillClock()
  readonly network = new PipeNetwork()
  readonly controller = new FakeController(CLUSTER_ID)
  readonly brokers: readonly ClusterBroker[]
  readonly client: ClusterClient
  #lives = 0

  private constructor(size: number) {
    this.brokers = Array.from({ length: size }, (_, index) => new ClusterBroker(this, index + 1))
    this.client = new ClusterClient(this)
  }

  static async start(size: number, configs: Readonly<Record<string, string>> = {}): Promise<BrokerCluster> {
    const cluster = new BrokerCluster(size)
    for (const broker of cluster.brokers) await cluster.during(broker.start(configs))
    return cluster
  }

  nextLife(): number {
    return this.#lives++
  }

  broker(id: number): ClusterBroker {
    const broker = this.brokers[id - 1]
    if (broker === undefined) throw new Error(`there is no broker ${id}`)
    return broker
  }

  /** Lets time pass in small steps, with all that follows from it. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 10) {
      this.clock.advance(Math.min(10, left))
      await settled()
    }
  }

  /** Lets time pass until it is done. */
  async during<Result>(work: Promise<Result>): Promise<Result> {
    let isDone = false
    const end = (): void => {
      isDone = true
    }
    work.then(end, end)
    for (let waited = 0; !isDone && waited < 60_000; waited += 10) {
      await settled()
      if (!isDone) this.clock.advance(10)
    }
    if (!isDone) throw new Error('it is not done after a minute')
    return work
  }

  async close(): Promise<void> {
    this.client.close()
    for (const broker of this.brokers) if (broker.broker !== null) broker.kill()
    await settled()
  }
}

/** A clock that its process takes with it. */
class MortalClock implements Clock {
  readonly #clock: Clock
  isAlive = true

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  monotonic(): number {
    return this.#clock.monotonic()
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    return this.#clock.setTimer(delayMs, () => {
      if (this.isAlive) fire()
    })
  }

  defer(run: () => void): void {
    this.#clock.defer(() => {
      if (this.isAlive) run()
    })
  }

  end(): void {
    this.isAlive = false
  }
}
