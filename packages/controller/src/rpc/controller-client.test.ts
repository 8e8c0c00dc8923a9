/** How a broker finds the active controller, and what it is told when it cannot. Without a network: controllers of paper. */
import {
  applyRecords,
  type ClusterImage,
  CONTROLLER_ERROR_CODES,
  ControllerError,
  emptyImage,
  type MetadataListener,
} from '@millrace/metadata'
import { ERROR_CODES, errorName } from '@millrace/protocol'
import { seededRandom, silentLogger } from '@millrace/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import { ControllerClient, type ControllerClientOptions, type LocalController } from './controller-client.ts'
import { NotActiveError, unanswered } from './controller-errors.ts'
import type { ControllerService } from './controller-service.ts'
import { endpoint, type PaperConnector, paperConnector } from './testing/paper-connector.ts'
import { type PaperController, paperController } from './testing/paper-controller.ts'
import { SteppingClock } from './testing/stepping-clock.ts'

const ID_BLOCK = { errorCode: ERROR_CODES.NONE, errorMessage: null, firstProducerId: 5, count: 1 }
const CREATE = { topics: [], validateOnly: false }
const ALLOCATE = { brokerId: 1, brokerEpoch: 2 }
const HEARTBEAT = {
  brokerId: 1,
  brokerEpoch: 2,
  metadataOffset: 3,
  wantFence: false,
  wantShutdown: false,
  failedPartitions: [],
  isDirectoryOffline: false,
}
const ALIVE = { errorCode: ERROR_CODES.NONE, errorMessage: null, isFenced: false, isCaughtUp: true, shouldShutdown: false }

let clock: SteppingClock
let connector: PaperConnector
let feed: PaperFeed
let lost: number

beforeEach(() => {
  clock = new SteppingClock()
  connector = paperConnector()
  feed = new PaperFeed()
  lost = 0
})

/** Metadata of this node that a test lets grow. */
class PaperFeed {
  readonly #listeners = new Set<MetadataListener>()
  #image = emptyImage('c')

  image(): ClusterImage {
    return this.#image
  }

  subscribe(listener: MetadataListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  grow(): void {
    const { image, delta } = applyRecords(this.#image, [], { offset: this.#image.offset + 1, epoch: 1 })
    this.#image = image
    for (const listener of this.#listeners) listener(image, delta)
  }

  get listenerCount(): number {
    return this.#listeners.size
  }
}

function client(change: Partial<ControllerClientOptions> = {}): ControllerClient {
  return new ControllerClient({
    nodeId: 7,
    local: null,
    connector,
    bootstrap: [endpoint(1), endpoint(2), endpoint(3)],
    feed,
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    onControllerLost: () => {
      lost += 1
    },
    ...change,
  })
}

function peer(nodeId: number, answers: Partial<ControllerService>): PaperController {
  const controller = paperController(answers)
  connector.peers.set(endpoint(nodeId).port, controller.service)
  return controller
}

const active = {
  allocateProducerIds: () => Promise.resolve(ID_BLOCK),
  createTopics: () => Promise.resolve([]),
  heartbeat: () => Promise.resolve(ALIVE),
}

function passive(leader: number | null): Partial<ControllerService> {
  const refuse = (): Promise<never> => Promise.reject(new NotActiveError(leader === null ? null : endpoint(leader)))
  return { allocateProducerIds: refuse, createTopics: refuse, heartbeat: refuse }
}

function failing(error: Error): Partial<ControllerService> {
  const fail = (): Promise<never> => Promise.reject(error)
  return { allocateProducerIds: fail, createTopics: fail, heartbeat: fail }
}

function local(isActive: boolean, answers: Partial<ControllerService>, leader: number | null = null): LocalController {
  const { service } = paperController({
    ...answers,
    ...({ isActive: () => isActive, leader: () => (leader === null ? null : endpoint(leader)) } as object),
  })
  return service as LocalController
}

/** What a call comes to when time passes. */
async function outcome(call: Promise<unknown>, afterMs = 60_000): Promise<unknown> {
  let result: unknown = 'nothing yet'
  call.then(
    (value) => (result = value),
    (error: ControllerError) => (result = `${error.code} ${errorName(error.errorCode)}`),
  )
  await clock.advance(afterMs)
  return result
}

describe('finding the active controller', () => {
  it('a hint is followed at once', async () => {
    peer(1, passive(3))
    peer(2, passive(3))
    peer(3, active)
    expect(await outcome(client().allocateProducerIds(ALLOCATE), 0)).toEqual(ID_BLOCK)
    expect(connector.asked).toHaveLength(2)
  })

  it('who answered once is asked first from then on', async () => {
    peer(1, passive(null))
    peer(2, passive(null))
    peer(3, active)
    const asking = client()
    await outcome(asking.allocateProducerIds(ALLOCATE))
    connector.asked.length = 0
    await outcome(asking.allocateProducerIds(ALLOCATE), 0)
    expect(connector.asked).toEqual([endpoint(3).port])
  })

  it('all in turn, when nobody knows and some are dead', async () => {
    peer(2, passive(null))
    peer(3, active)
    expect(await outcome(client().allocateProducerIds(ALLOCATE), 1_000)).toEqual(ID_BLOCK)
  })

  it('one that was active dies: the next one is found', async () => {
    peer(1, active)
    const asking = client()
    await outcome(asking.allocateProducerIds(ALLOCATE))
    connector.peers.clear()
    peer(2, passive(1))
    const call = asking.allocateProducerIds(ALLOCATE)
    await clock.advance(500)
    peer(2, active)
    expect(await outcome(call, 1_000)).toEqual(ID_BLOCK)
  })

  it('a hint to one that is dead is not followed again and again', async () => {
    peer(1, passive(3))
    peer(2, passive(3))
    const call = outcome(client().allocateProducerIds(ALLOCATE), 2_000)
    await call
    const twice = connector.asked.filter((port, index) => port === endpoint(3).port && connector.asked[index + 1] === port)
    expect(twice).toEqual([])
  })

  it('waits between attempts, ever longer, and gives up when the time is up', async () => {
    expect(await outcome(client().allocateProducerIds(ALLOCATE), 14_000)).toBe('nothing yet')
    expect(connector.asked.length).toBeGreaterThan(30)
    expect(connector.asked.length).toBeLessThan(200)
    expect(await outcome(client({ timeoutMs: 1_000 }).allocateProducerIds(ALLOCATE), 1_000)).toBe(
      'ERR_CONTROLLER_UNREACHABLE NOT_CONTROLLER',
    )
  })

  it('controllers that came later are known from the metadata', async () => {
    const { image } = applyRecords(
      feed.image(),
      [{ type: 'register-controller', nodeId: 4, directoryId: 'd', host: 'host', port: 9_004 }],
      { offset: 0, epoch: 1 },
    )
    feed.image = () => image
    peer(4, active)
    expect(await outcome(client().allocateProducerIds(ALLOCATE), 1_000)).toEqual(ID_BLOCK)
  })
})

describe('the controller of this node', () => {
  it('is asked first while it is active', async () => {
    const asking = client({ local: local(true, active) })
    expect(await outcome(asking.allocateProducerIds(ALLOCATE), 0)).toEqual(ID_BLOCK)
    expect(connector.asked).toEqual([])
  })

  it('knows who is active when it is not', async () => {
    peer(2, active)
    expect(await outcome(client({ local: local(false, {}, 2) }).allocateProducerIds(ALLOCATE), 0)).toEqual(ID_BLOCK)
    expect(connector.asked).toEqual([endpoint(2).port])
  })

  it('is never asked over a connection, even if others say that it is active', async () => {
    peer(1, passive(7))
    const asking = client({ local: local(false, {}, 7), bootstrap: [endpoint(1), endpoint(7)] })
    await outcome(asking.allocateProducerIds(ALLOCATE), 1_000)
    expect(new Set(connector.asked)).toEqual(new Set([endpoint(1).port]))
  })

  it('alone, without others to ask, is waited for', async () => {
    let isActive = false
    const own = local(false, active)
    const asking = client({
      local: { ...own, ...active, isActive: () => isActive, leader: () => null } as LocalController,
      connector: null,
      bootstrap: [],
    })
    const call = asking.allocateProducerIds(ALLOCATE)
    await clock.advance(300)
    isActive = true
    expect(await outcome(call, 1_000)).toEqual(ID_BLOCK)
  })
})

describe('when nobody knows whether it happened', () => {
  const lostOnTheWay = unanswered('the connection was lost')

  it('what may be done twice is done again', async () => {
    peer(1, failing(lostOnTheWay))
    peer(2, active)
    peer(3, active)
    expect(await outcome(client().allocateProducerIds(ALLOCATE), 1_000)).toEqual(ID_BLOCK)
  })

  it('what may not is not, and the caller is told that nobody knows', async () => {
    for (const nodeId of [1, 2, 3]) peer(nodeId, failing(lostOnTheWay))
    expect(await outcome(client().createTopics(CREATE))).toBe('ERR_CONTROLLER_TIMEOUT REQUEST_TIMED_OUT')
    expect(connector.asked).toHaveLength(1)
  })

  it('what certainly did not happen is tried again, whatever it is', async () => {
    peer(3, active)
    expect(await outcome(client().createTopics(CREATE), 1_000)).toEqual([])
  })

  it('a later failure that is certain does not undo an earlier one that is not', async () => {
    for (const nodeId of [1, 2, 3]) peer(nodeId, failing(lostOnTheWay))
    const call = client({ timeoutMs: 2_000 }).allocateProducerIds(ALLOCATE)
    await clock.advance(200)
    connector.peers.clear()
    expect(await outcome(call)).toBe('ERR_CONTROLLER_TIMEOUT REQUEST_TIMED_OUT')
  })

  it('a controller that says nothing costs no more than the time there is', async () => {
    for (const nodeId of [1, 2, 3]) peer(nodeId, { createTopics: () => new Promise(() => {}) })
    const call = client({ timeoutMs: 3_000 }).createTopics(CREATE)
    expect(await outcome(call, 2_999)).toBe('nothing yet')
    expect(await outcome(call, 2)).toBe('ERR_CONTROLLER_TIMEOUT REQUEST_TIMED_OUT')
  })

  it.each([
    [CONTROLLER_ERROR_CODES.storage, ERROR_CODES.KAFKA_STORAGE_ERROR],
    [CONTROLLER_ERROR_CODES.tooLarge, ERROR_CODES.POLICY_VIOLATION],
  ])('%s is an answer', async (code, errorCode) => {
    for (const nodeId of [1, 2, 3]) peer(nodeId, failing(new ControllerError(code, errorCode, 'no')))
    expect(await outcome(client().allocateProducerIds(ALLOCATE), 0)).toBe(`${code} ${errorName(errorCode)}`)
    expect(connector.asked).toHaveLength(1)
  })
})

describe('an answer', () => {
  it("comes when this node's metadata shows it", async () => {
    for (const nodeId of [1, 2, 3]) peer(nodeId, { ...active, metadataOffset: () => 1 })
    const asking = client()
    const call = asking.createTopics(CREATE)
    expect(await outcome(call, 100)).toBe('nothing yet')
    feed.grow()
    expect(await outcome(call, 0)).toBe('nothing yet')
    feed.grow()
    expect(await outcome(call, 0)).toEqual([])
    await asking.close()
    expect(feed.listenerCount).toBe(0)
  })

  it('that the metadata never shows is none that can be relied on', async () => {
    for (const nodeId of [1, 2, 3]) peer(nodeId, { ...active, metadataOffset: () => 1 })
    const asking = client()
    expect(await outcome(asking.createTopics(CREATE))).toBe('ERR_CONTROLLER_TIMEOUT REQUEST_TIMED_OUT')
    await asking.close()
    expect(feed.listenerCount).toBe(0)
  })

  it('to a heartbeat does not wait', async () => {
    for (const nodeId of [1, 2, 3]) peer(nodeId, { ...active, metadataOffset: () => 1 })
    expect(await outcome(client().heartbeat(HEARTBEAT), 0)).toEqual(ALIVE)
  })
})

describe('the line to the active controller', () => {
  it('is open from the first heartbeat on, once', async () => {
    const controller = peer(1, active)
    const beating = client({ bootstrap: [endpoint(1)] })
    await outcome(beating.heartbeat(HEARTBEAT), 0)
    await outcome(beating.heartbeat(HEARTBEAT), 500)
    expect(controller.attending).toEqual([expect.objectContaining({ brokerId: 1, brokerEpoch: 2 })])
  })

  it('tells at once that the controller is gone, and is opened again where the next heartbeat is answered', async () => {
    const first = peer(1, active)
    const beating = client({ bootstrap: [endpoint(1), endpoint(2)] })
    await outcome(beating.heartbeat(HEARTBEAT), 0)
    await clock.advance(1_500)
    connector.peers.delete(endpoint(1).port)
    const second = peer(2, active)
    first.attending[0]?.onClosed()
    expect(lost).toBe(1)
    await outcome(beating.heartbeat(HEARTBEAT), 1_000)
    expect(second.attending).toHaveLength(1)
  })

  it('tells the controller how far this node has got, once a turn', async () => {
    const controller = peer(1, active)
    await outcome(client({ bootstrap: [endpoint(1)] }).heartbeat(HEARTBEAT), 0)
    expect(controller.applied).toEqual([-1])
    feed.grow()
    feed.grow()
    await clock.advance(0)
    expect(controller.applied).toEqual([-1, 1])
  })

  it('that ends as soon as it begins provokes nothing', async () => {
    const controller = peer(1, active)
    const beating = client({ bootstrap: [endpoint(1)] })
    await outcome(beating.heartbeat(HEARTBEAT), 0)
    controller.attending[0]?.onClosed()
    expect(lost).toBe(0)
  })

  it('moves when the controller or the registration does, and ends with the broker', async () => {
    const controller = peer(1, active)
    const beating = client({ bootstrap: [endpoint(1)] })
    await outcome(beating.heartbeat(HEARTBEAT), 0)
    await outcome(beating.heartbeat({ ...HEARTBEAT, brokerEpoch: 9 }), 0)
    expect(controller.hangUps).toEqual(['1 done'])
    await beating.close()
    expect(controller.hangUps).toEqual(['1 done', '1 done'])
    expect(connector.closed).toEqual([endpoint(1).port])
    expect(lost).toBe(0)
    expect(await outcome(beating.heartbeat(HEARTBEAT), 0)).toBe('ERR_CONTROLLER_CLOSED NOT_CONTROLLER')
  })

  it('is not needed to the controller of this node', async () => {
    const own = paperController(active)
    const beating = client({
      local: { ...active, attend: own.service.attend, isActive: () => true, leader: () => null } as unknown as LocalController,
    })
    await outcome(beating.heartbeat(HEARTBEAT), 0)
    expect(own.attending).toEqual([])
  })
})
