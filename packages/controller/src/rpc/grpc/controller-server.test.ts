/** A controller's port under what can go wrong: deadlines, sizes, ports that are taken, and ends that go away. */
import { CONTROLLER_ERROR_CODES, ControllerError, emptyImage } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { nodeClock, seededRandom, silentLogger } from '@millrace/runtime'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { RecordingLogger } from '../../shell/testing/recording-logger.ts'
import { ControllerClient } from '../controller-client.ts'
import { NotActiveError } from '../controller-errors.ts'
import type { ControllerChannel, ControllerService, Line } from '../controller-service.ts'
import { paperController } from '../testing/paper-controller.ts'
import { type ControllerServer, openControllerServer } from './controller-server.ts'
import { type ChannelTimeouts, openGrpcConnector } from './grpc-controller-channel.ts'

const HOST = '127.0.0.1'
const CREATE = { topics: [], validateOnly: false }
const LEADER = { nodeId: 3, host: 'h', port: 9093 }

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()))
})

async function server(
  service: Partial<ControllerService> | null,
  { port = 0, logger = new RecordingLogger() } = {},
): Promise<ControllerServer> {
  const runtime = { clock: nodeClock, random: seededRandom(1), logger }
  const listening = await openControllerServer({ runtime, host: HOST, port, clusterId: 'c', raftId: '1@a' })
  opened.push(listening)
  if (service !== null) listening.serve(paperController(service).service)
  return listening
}

async function channelTo(port: number, timeouts?: ChannelTimeouts): Promise<ControllerChannel> {
  const connector = await openGrpcConnector({ clock: nodeClock, ...(timeouts === undefined ? {} : { timeouts }) })
  const channel = connector.connect({ nodeId: 1, host: HOST, port })
  opened.push(channel)
  return channel
}

function failing(error: Error): Partial<ControllerService> {
  return { createTopics: () => Promise.reject(error) }
}

describe('a failure', () => {
  it.each<[string, Error, object]>([
    ['not active, with a hint', new NotActiveError(LEADER), { code: CONTROLLER_ERROR_CODES.notLeader, leader: LEADER }],
    ['not active, without one', new NotActiveError(null), { code: CONTROLLER_ERROR_CODES.notLeader, leader: null }],
    [
      'storage',
      new ControllerError(CONTROLLER_ERROR_CODES.storage, ERROR_CODES.KAFKA_STORAGE_ERROR, 'the disk is full'),
      { code: CONTROLLER_ERROR_CODES.storage, errorCode: ERROR_CODES.KAFKA_STORAGE_ERROR, message: 'the disk is full' },
    ],
    [
      'closed',
      new ControllerError(CONTROLLER_ERROR_CODES.closed, ERROR_CODES.NOT_CONTROLLER, 'bye'),
      { code: CONTROLLER_ERROR_CODES.unreachable },
    ],
    ['what nobody foresaw', new TypeError('secret'), { code: CONTROLLER_ERROR_CODES.offline, errorCode: ERROR_CODES.UNKNOWN_SERVER_ERROR }],
  ])('%s arrives as what it is', async (_name, error, expected) => {
    const { port } = await server(failing(error))
    await expect((await channelTo(port)).createTopics(CREATE)).rejects.toMatchObject(expected)
  })

  it('that nobody foresaw is told to the log, and not to strangers', async () => {
    const logger = new RecordingLogger()
    const { port } = await server(failing(new TypeError('secret')), { logger })
    await expect((await channelTo(port)).createTopics(CREATE)).rejects.toThrow(/^(?!.*secret)/)
    expect(logger.problems()).toEqual(['a call failed that should not'])
  })

  it('a controller that has nothing to serve yet says so, and nothing happened', async () => {
    const { port } = await server(null)
    await expect((await channelTo(port)).createTopics(CREATE)).rejects.toMatchObject({ code: CONTROLLER_ERROR_CODES.unreachable })
  })
})

describe('a call', () => {
  it('that is not answered in time may have happened', async () => {
    const { port } = await server({ createTopics: () => new Promise(() => {}) })
    const channel = await channelTo(port, { connectMs: 500, callMs: 50 })
    await expect(channel.createTopics(CREATE)).rejects.toMatchObject({
      code: CONTROLLER_ERROR_CODES.timeout,
      errorCode: ERROR_CODES.REQUEST_TIMED_OUT,
    })
  })

  it('gets as much longer as it asks the controller to wait', async () => {
    const answer = { type: 'batches' as const, batches: [], leader: null }
    const fetchMetadata = () => new Promise<typeof answer>((resolve) => nodeClock.setTimer(150, () => resolve(answer)))
    const { port } = await server({ fetchMetadata })
    const channel = await channelTo(port, { connectMs: 500, callMs: 100 })
    const request = { clusterId: 'c', nodeId: 1, offset: -1, epoch: -1, maxBytes: 1, maxWaitMs: 500 }
    expect(await channel.fetchMetadata(request)).toEqual(answer)
  })

  it('to nobody did not happen, and that is known at once', async () => {
    const gone = await server({})
    await gone.close()
    const began = performance.now()
    await expect((await channelTo(gone.port)).createTopics(CREATE)).rejects.toMatchObject({ code: CONTROLLER_ERROR_CODES.unreachable })
    expect(performance.now() - began).toBeLessThan(500)
  })

  it('whose controller goes away may have happened, and that is known at once', async () => {
    let asked = (): void => {}
    const isAsked = new Promise<void>((resolve) => (asked = resolve))
    const going = await server({
      createTopics: () => {
        asked()
        return new Promise(() => {})
      },
    })
    const call = (await channelTo(going.port)).createTopics(CREATE)
    call.catch(() => {})
    await isAsked
    await going.close()
    await expect(call).rejects.toMatchObject({ code: CONTROLLER_ERROR_CODES.timeout })
  })

  it('that is larger than a message may be is refused here', async () => {
    const { port } = await server({ createTopics: () => Promise.resolve([]) })
    const topics = [{ name: 't'.repeat(17 * 1024 * 1024), partitionCount: 1, replicationFactor: 1, assignments: [], configs: [] }]
    const channel = await channelTo(port)
    await expect(channel.createTopics({ topics, validateOnly: false })).rejects.toMatchObject({ code: CONTROLLER_ERROR_CODES.tooLarge })
    expect(await channel.createTopics(CREATE)).toEqual([])
  })

  it('whose answer is larger than a message may be is an error, and the connection goes on', async () => {
    const huge = { sizeBytes: 1, bytes: new Uint8Array(17 * 1024 * 1024) }
    const { port } = await server({ fetchMetadataSnapshot: () => Promise.resolve(huge), createTopics: () => Promise.resolve([]) })
    const channel = await channelTo(port)
    const request = { clusterId: 'c', snapshot: { offset: 0, epoch: 0 }, position: 0, maxBytes: 1 }
    await expect(channel.fetchMetadataSnapshot(request)).rejects.toBeInstanceOf(ControllerError)
    expect(await channel.createTopics(CREATE)).toEqual([])
  })

  it('on a channel that is closed is refused, and what is under way is given up', async () => {
    let isAsked = false
    const fetchMetadata = (): Promise<never> => {
      isAsked = true
      return new Promise(() => {})
    }
    const { port } = await server({ createTopics: () => Promise.resolve([]), fetchMetadata })
    const channel = await channelTo(port)
    expect(await channel.createTopics(CREATE)).toEqual([])
    const underWay = channel.fetchMetadata({ clusterId: 'c', nodeId: 1, offset: 0, epoch: 0, maxBytes: 1, maxWaitMs: 5_000 })
    underWay.catch(() => {})
    await vi.waitFor(() => expect(isAsked).toBe(true))
    await channel.close()
    await expect(underWay).rejects.toMatchObject({ code: CONTROLLER_ERROR_CODES.timeout })
    await expect(channel.createTopics(CREATE)).rejects.toMatchObject({ code: CONTROLLER_ERROR_CODES.unreachable })
  })
})

describe('the server', () => {
  it('names the port that is taken, and what to do', async () => {
    const { port } = await server({})
    await expect(server({}, { port })).rejects.toMatchObject({
      code: 'ERR_CONTROLLER_LISTEN',
      message: `the controller cannot listen on ${HOST}:${port}: another process listens there; stop it or choose another controller port`,
    })
  })

  it('answers what it took before it closes', async () => {
    let answer = (_value: []): void => {}
    let asked = (): void => {}
    const isAsked = new Promise<void>((resolve) => (asked = resolve))
    const closing = await server({
      createTopics: () => {
        asked()
        return new Promise<[]>((resolve) => (answer = resolve))
      },
    })
    const call = (await channelTo(closing.port)).createTopics(CREATE)
    await isAsked
    const closed = closing.close()
    answer([])
    expect(await call).toEqual([])
    await closed
  })

  it('comes back on its port, and channels find it again by themselves', async () => {
    const first = await server({ createTopics: () => Promise.resolve([]) })
    const channel = await channelTo(first.port)
    expect(await channel.createTopics(CREATE)).toEqual([])
    await first.close()
    await server({ createTopics: () => Promise.resolve([]) }, { port: first.port })
    await vi.waitFor(async () => expect(await channel.createTopics(CREATE)).toEqual([]), { timeout: 5_000, interval: 50 })
  })
})

describe('a line', () => {
  async function line(
    controller = paperController({}),
  ): Promise<{ line: Line; controller: typeof controller; closed: number; channel: ControllerChannel; listening: ControllerServer }> {
    const listening = await server(null)
    listening.serve(controller.service)
    const channel = await channelTo(listening.port)
    const state = { closed: 0 }
    const opened = channel.attend({ brokerId: 4, brokerEpoch: 9, onClosed: () => (state.closed += 1) })
    await vi.waitFor(() => expect(controller.attending).toHaveLength(1))
    return Object.assign(state, { line: opened, controller, channel, listening })
  }

  it('carries how far the broker has got', async () => {
    const { line: open, controller } = await line()
    open.applied(2 ** 40)
    await vi.waitFor(() => expect(controller.applied).toEqual([2 ** 40]))
  })

  it('that the broker ends was meant', async () => {
    const { line: open, controller } = await line()
    open.hangUp('done')
    await vi.waitFor(() => expect(controller.hangUps).toEqual(['4 done']))
  })

  it('that breaks is a loss, and the controller knows at once', async () => {
    const { line: open, controller } = await line()
    open.hangUp('lost')
    await vi.waitFor(() => expect(controller.hangUps).toEqual(['4 lost']))
  })

  it('ends for the broker when the controller hangs up', async () => {
    const state = await line()
    state.controller.attending[0]?.onClosed()
    await vi.waitFor(() => expect(state.closed).toBe(1))
  })

  it('ends for the broker when the controller goes', async () => {
    const state = await line()
    await state.listening.close()
    await vi.waitFor(() => expect(state.closed).toBe(1))
  })

  it('to nobody ends', async () => {
    const gone = await server({})
    await gone.close()
    const channel = await channelTo(gone.port)
    await new Promise<void>((resolve) => channel.attend({ brokerId: 1, brokerEpoch: 1, onClosed: resolve }))
  })
})

it('a client finds the active one of three controllers, and the next one when that is gone', async () => {
  const refuse = () => Promise.reject(new NotActiveError(null))
  const answer = (brokerId: number) => () =>
    Promise.resolve({ errorCode: 0, errorMessage: null, firstProducerId: brokerId, count: 1 } as const)
  const services = [refuse, answer(2), refuse].map((allocateProducerIds) => ({ allocateProducerIds }))
  const servers = await Promise.all(services.map((service) => server(service)))
  const client = new ControllerClient({
    nodeId: 9,
    local: null,
    connector: await openGrpcConnector({ clock: nodeClock }),
    bootstrap: servers.map(({ port }, index) => ({ nodeId: index + 1, host: HOST, port })),
    feed: { image: () => emptyImage('c'), subscribe: () => () => {} },
    clock: nodeClock,
    random: seededRandom(2),
    logger: silentLogger,
  })
  opened.push(client)
  expect(await client.allocateProducerIds({ brokerId: 1, brokerEpoch: 1 })).toMatchObject({ firstProducerId: 2 })
  await servers[1]?.close()
  const call = client.allocateProducerIds({ brokerId: 1, brokerEpoch: 1 })
  servers[2]?.serve(paperController({ allocateProducerIds: answer(3) }).service)
  expect(await call).toMatchObject({ firstProducerId: 3 })
})
