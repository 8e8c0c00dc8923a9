import type {
  BrokerHeartbeatCommand,
  BrokerHeartbeatOutcome,
  ControllerPort,
  RegisterBrokerCommand,
  RegisteredBroker,
} from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { type Logger, seededRandom } from '@millrace/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import { RecordFeed } from '../testing/record-feed.ts'
import { SUCCESS } from '../testing/recording-controller.ts'
import { settled } from '../testing/settled.ts'
import { StillClock } from '../testing/still-clock.ts'
import type { BrokerFailedError } from './broker-failed-error.ts'
import { BrokerLifecycle } from './broker-lifecycle.ts'

const CLUSTER_ID = 'mB0s3oWvTxGVWHNTVVlXSA'
const START_TIMEOUT_MS = 60_000
const GOOD: BrokerHeartbeatOutcome = { ...SUCCESS, isFenced: false, isCaughtUp: true, shouldShutdown: false }

/** What is done with a call: answered, or left without an answer. */
type Answer<Outcome> = Outcome | Error | 'silence'

class Scene implements Pick<ControllerPort, 'registerBroker' | 'heartbeat'> {
  readonly clock = new StillClock()
  readonly feed = new RecordFeed(CLUSTER_ID)
  readonly registrations: RegisterBrokerCommand[] = []
  readonly heartbeats: BrokerHeartbeatCommand[] = []
  readonly warnings: string[] = []
  readonly served: boolean[] = []
  readonly failures: BrokerFailedError[] = []
  onRegistration: () => Answer<RegisteredBroker> = () => ({ ...SUCCESS, brokerEpoch: this.register() })
  onHeartbeat: () => Answer<BrokerHeartbeatOutcome> = () => GOOD
  readonly lifecycle: BrokerLifecycle

  constructor() {
    const warn = (event: string, fields?: object): void => void this.warnings.push(`${event} ${JSON.stringify(fields)}`)
    const logger: Logger = { debug: () => {}, info: () => {}, warn, error: warn, child: () => logger }
    this.lifecycle = new BrokerLifecycle({
      clock: this.clock,
      random: seededRandom(1),
      logger,
      controller: this,
      feed: this.feed,
      settings: { heartbeatIntervalMs: 500, sessionTimeoutMs: 4_000, controlledShutdown: true, controlledShutdownTimeoutMs: 30_000 },
      registration: {
        brokerId: 1,
        clusterId: CLUSTER_ID,
        incarnationId: 'i'.repeat(22),
        listeners: [],
        rack: null,
        directoryIds: [],
        features: [],
      },
      previousBrokerEpoch: 7,
      startTimeoutMs: START_TIMEOUT_MS,
      failedPartitions: () => [{ topicId: 't', partition: 3 }],
      setServing: (isServing) => void this.served.push(isServing),
      onRegistered: () => {},
      onFailed: (error) => void this.failures.push(error),
    })
  }

  registerBroker(command: RegisterBrokerCommand): Promise<RegisteredBroker> {
    this.registrations.push(command)
    return promised(this.onRegistration())
  }

  heartbeat(command: BrokerHeartbeatCommand): Promise<BrokerHeartbeatOutcome> {
    this.heartbeats.push(command)
    return promised(this.onHeartbeat())
  }

  /** Commits a registration and returns its epoch. */
  register(brokerId = 1, isFenced = true): number {
    this.feed.commit({
      type: 'register-broker',
      brokerId,
      brokerEpoch: -1,
      incarnationId: 'i'.repeat(22),
      listeners: [],
      rack: null,
      directoryIds: [],
      features: [],
      isFenced,
      isInControlledShutdown: false,
    })
    return this.feed.image().offset
  }

  /** Lets time pass in small steps, so that answers come in between. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      this.clock.advance(Math.min(50, left))
      await settled()
    }
  }

  async started(): Promise<this> {
    const start = this.lifecycle.start()
    await settled()
    await start
    return this
  }
}

function promised<Outcome>(answer: Answer<Outcome>): Promise<Outcome> {
  if (answer === 'silence') return new Promise(() => {})
  return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
}

let scene: Scene

beforeEach(() => {
  scene = new Scene()
})

describe('a broker that starts', () => {
  it('is registered, counted on and serving without any time passing', async () => {
    await scene.started()
    expect(scene.registrations).toMatchObject([{ brokerId: 1, previousBrokerEpoch: 7 }])
    expect(scene.heartbeats).toMatchObject([{ brokerId: 1, brokerEpoch: scene.lifecycle.brokerEpoch, metadataOffset: 0, wantFence: false }])
    expect(scene.heartbeats[0]?.failedPartitions).toEqual([{ topicId: 't', partition: 3 }])
    expect(scene.served).toEqual([true])
  })

  it('keeps asking while nobody is there, says so once a second at the most, and serves when somebody is', async () => {
    scene.onRegistration = () => new Error('no controller is reached')
    const start = scene.lifecycle.start()
    await scene.pass(20_000)
    expect(scene.registrations.length).toBeGreaterThan(30)
    expect(scene.warnings.length).toBeLessThanOrEqual(21)
    expect(scene.warnings.length).toBeGreaterThanOrEqual(10)
    scene.onRegistration = () => ({ ...SUCCESS, brokerEpoch: scene.register() })
    await scene.pass(1_000)
    await start
    expect(scene.served).toEqual([true])
  })

  it('gives up when its time is over, with a reason', async () => {
    scene.onRegistration = () => 'silence'
    const start = scene.lifecycle.start()
    const outcome = expect(start).rejects.toMatchObject({ code: 'ERR_BROKER_START_TIMED_OUT' })
    await scene.pass(START_TIMEOUT_MS)
    await outcome
    const asked = scene.registrations.length
    await scene.pass(10_000)
    expect(scene.registrations.length).toBe(asked)
  })

  it('does not start when its cluster is another one', async () => {
    const errorMessage = 'broker 1 belongs to another cluster'
    scene.onRegistration = () => ({ errorCode: ERROR_CODES.INCONSISTENT_CLUSTER_ID, errorMessage, brokerEpoch: -1 })
    await expect(scene.lifecycle.start()).rejects.toMatchObject({
      code: 'ERR_BROKER_REFUSED',
      message: expect.stringContaining(errorMessage),
    })
    expect(scene.failures).toEqual([])
  })

  it('waits for a session that another process has under its id', async () => {
    scene.onRegistration = () => ({ errorCode: ERROR_CODES.DUPLICATE_BROKER_REGISTRATION, errorMessage: 'taken', brokerEpoch: -1 })
    const start = scene.lifecycle.start()
    await scene.pass(4_000)
    expect(scene.served).toEqual([])
    scene.onRegistration = () => ({ ...SUCCESS, brokerEpoch: scene.register() })
    await scene.pass(1_000)
    await start
  })

  it('is told to wait for its metadata, and tells that it has it as soon as it has', async () => {
    scene.onRegistration = () => ({ ...SUCCESS, brokerEpoch: 5 })
    scene.onHeartbeat = () => (scene.feed.image().offset >= 5 ? GOOD : { ...GOOD, isFenced: true, isCaughtUp: false })
    const start = scene.lifecycle.start()
    await settled()
    for (let other = 2; other < 7; other += 1) scene.register(other)
    expect(scene.served).toEqual([])
    scene.register(1)
    await settled()
    await start
    expect(scene.heartbeats.at(-1)?.metadataOffset).toBe(5)
  })
})

describe('a broker that serves', () => {
  beforeEach(() => scene.started())

  it('sends two heartbeats a second', async () => {
    await scene.pass(10_000)
    expect(scene.heartbeats.length).toBe(21)
  })

  it('stops when it was not answered for a session, and goes on when it is', async () => {
    scene.onHeartbeat = () => 'silence'
    await scene.pass(3_950)
    expect(scene.served).toEqual([true])
    await scene.pass(50)
    expect(scene.served).toEqual([true, false])
    scene.onHeartbeat = () => GOOD
    await scene.pass(3_000)
    expect(scene.served).toEqual([true, false, true])
  })

  it('fences itself before it serves what had been waiting for a process that stood still', () => {
    scene.clock.stall(60_000)
    expect(scene.served).toEqual([true])
    scene.lifecycle.checkTime(scene.clock.monotonic())
    expect(scene.served).toEqual([true, false])
  })

  it('registers anew when its epoch is stale, and says that it lost nothing', async () => {
    const epoch = scene.lifecycle.brokerEpoch
    scene.onHeartbeat = () => ({ ...GOOD, errorCode: ERROR_CODES.STALE_BROKER_EPOCH, errorMessage: 'stale' })
    await scene.pass(550)
    scene.onHeartbeat = () => GOOD
    await scene.pass(500)
    expect(scene.registrations.at(-1)).toMatchObject({ previousBrokerEpoch: epoch, incarnationId: 'i'.repeat(22) })
    expect(scene.lifecycle.brokerEpoch).toBeGreaterThan(epoch)
    expect(scene.served).toEqual([true, false, true])
  })

  it('asks the controller at once when the metadata shows that it is fenced', async () => {
    const before = scene.heartbeats.length
    scene.feed.commit({
      type: 'broker-registration-change',
      brokerId: 1,
      brokerEpoch: scene.lifecycle.brokerEpoch,
      isFenced: true,
    })
    expect(scene.served).toEqual([true, false])
    expect(scene.heartbeats.length).toBe(before + 1)
    await settled()
    expect(scene.served).toEqual([true, false, true])
  })
})

describe('a broker that stops', () => {
  beforeEach(() => scene.started())

  it('goes at once when it is alone', async () => {
    await scene.lifecycle.shutDown()
    expect(scene.heartbeats.at(-1)?.wantShutdown).toBe(false)
  })

  it('waits until the controller has moved what it leads, and serves meanwhile', async () => {
    scene.register(2, false)
    let isGone = false
    const gone = scene.lifecycle.shutDown().then(() => (isGone = true))
    await scene.pass(3_000)
    expect([isGone, scene.heartbeats.at(-1)?.wantShutdown]).toEqual([false, true])
    scene.onHeartbeat = () => ({ ...GOOD, shouldShutdown: true })
    await scene.pass(500)
    await gone
    expect(scene.served).toEqual([true])
    const sent = scene.heartbeats.length
    await scene.pass(5_000)
    expect(scene.heartbeats.length).toBe(sent)
  })

  it('goes when the others stop as well: then nobody can take over', async () => {
    const epoch = scene.register(2, false)
    const gone = scene.lifecycle.shutDown()
    await scene.pass(500)
    scene.feed.commit({ type: 'broker-registration-change', brokerId: 2, brokerEpoch: epoch, isInControlledShutdown: true })
    await gone
  })

  it('goes after half a minute all the same', async () => {
    scene.register(2, false)
    const gone = scene.lifecycle.shutDown()
    await scene.pass(30_000)
    await gone
  })

  it('goes when nobody hears it any more: then nobody can take over', async () => {
    scene.register(2, false)
    scene.onHeartbeat = () => new Error('no controller is reached')
    const gone = scene.lifecycle.shutDown()
    await scene.pass(4_500)
    await gone
  })
})

describe('a broker whose directory failed', () => {
  beforeEach(() => scene.started())

  it('serves no more, has the controller know, and says that it cannot go on', async () => {
    scene.register(2, false)
    scene.lifecycle.directoryFailed(new Error('the disk of /data failed'))
    expect(scene.served).toEqual([true, false])
    expect(scene.heartbeats.at(-1)).toMatchObject({ isDirectoryOffline: true, wantFence: true })
    expect(scene.failures).toEqual([])
    await settled()
    expect(scene.failures).toMatchObject([{ code: 'ERR_BROKER_DIRECTORY_FAILED', message: 'the disk of /data failed' }])
    await scene.lifecycle.shutDown()
  })

  it('does not wait for a controller that does not answer', async () => {
    scene.register(2, false)
    scene.onHeartbeat = () => 'silence'
    scene.lifecycle.directoryFailed(new Error('the disk of /data failed'))
    await scene.pass(2_000)
    expect(scene.failures).toHaveLength(1)
  })
})
