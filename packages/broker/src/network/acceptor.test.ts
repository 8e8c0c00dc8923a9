import { encodeRequestFrame, heartbeatApi } from '@millrace/protocol'
import { BufferPool } from '@millrace/runtime'
import type { Connection, Logger, Network } from '@millrace/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import { defineHandler, LATER } from '../handlers/handler.ts'
import type { RequestContext } from '../handlers/handler.ts'
import { ScriptedConnection } from '../testing/scripted-connection.ts'
import { settled } from '../testing/settled.ts'
import { StillClock } from '../testing/still-clock.ts'
import { Acceptor } from './acceptor.ts'
import { BoundedWarnings } from './bounded-warnings.ts'
import { RequestMemory } from './request-memory.ts'

const MAX_CONNECTIONS = 3
const MAX_IDLE_MS = 600_000
const MID_FRAME_IDLE_MS = 60_000
const SWEEP_MS = 10_000
const GRACE_MS = 3_000

let clock: StillClock
let warnings: string[]
/** Numbers of connections that were said to be gone. */
let gone: number[]
let maxConnections: number
let acceptor: Acceptor
let isListening: boolean
let arrive: (connection: Connection) => void
/** Requests that wait for the test to answer them. */
let waiting: RequestContext<{ errorCode: number }>[]

beforeEach(async () => {
  clock = new StillClock()
  warnings = []
  waiting = []
  gone = []
  maxConnections = MAX_CONNECTIONS
  isListening = false
  const network: Network = {
    listen: async (options, onConnection) => {
      arrive = onConnection
      isListening = true
      return {
        address: { host: options.host, port: 9092 },
        close: async () => {
          isListening = false
        },
      }
    },
    connect: async () => {
      throw new Error('nobody connects from here')
    },
  }
  const note = (event: string, fields?: object): void => void warnings.push(`${event} ${JSON.stringify(fields)}`)
  const logger: Logger = { debug: () => {}, info: () => {}, warn: note, error: note, child: () => logger }
  const heartbeat = defineHandler(heartbeatApi, (_request, context) => {
    waiting.push(context as RequestContext<{ errorCode: number }>)
    return LATER
  })
  acceptor = new Acceptor({
    network,
    host: 'broker.test',
    port: 0,
    services: {
      clock,
      logger,
      warnings: new BoundedWarnings(logger, clock),
      requestMemory: new RequestMemory({ pool: new BufferPool(), maxBytes: 1_000_000 }),
      maxFrameBytes: 10_000,
      handlerFor: (key) => (key === heartbeatApi.key ? heartbeat : undefined),
      unsupportedApiVersions: () => [],
      connectionClosed: (id) => void gone.push(id),
      beginTurn: () => {},
      endTurn: () => {},
    },
    maxConnections: () => maxConnections,
    maxIdleMs: () => MAX_IDLE_MS,
  })
  await acceptor.listen()
})

function connect(): ScriptedConnection {
  const connection = new ScriptedConnection()
  arrive(connection)
  return connection
}

const connectAll = (count: number): ScriptedConnection[] => Array.from({ length: count }, connect)

const request = new Uint8Array(
  Buffer.concat(encodeRequestFrame(heartbeatApi, 3, 1, 'test', { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null })),
)

describe('connections', () => {
  beforeEach(() => acceptor.open())

  it('are read from as they come, up to max.connections; more are closed at once, with a word in the log', () => {
    const accepted = connectAll(MAX_CONNECTIONS)
    expect(accepted.map(({ isReading }) => isReading)).toEqual([true, true, true])
    const refused = connect()
    expect([refused.isDestroyed, refused.isReading]).toEqual([true, false])
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('client.test:50000')
    expect(warnings[0]).toContain('max.connections')
    expect(acceptor.connectionCount).toBe(MAX_CONNECTIONS)
  })

  it('make room for others when they go', () => {
    const [first] = connectAll(MAX_CONNECTIONS)
    first?.destroy()
    expect(connect().isDestroyed).toBe(false)
    expect(connect().isDestroyed).toBe(true)
  })

  it('have a number each, which none gets after them', () => {
    for (const connection of connectAll(MAX_CONNECTIONS)) connection.destroy()
    for (const connection of connectAll(MAX_CONNECTIONS)) connection.destroy()
    expect(new Set(gone).size).toBe(2 * MAX_CONNECTIONS)
  })

  it('are bounded by what max.connections is now', () => {
    connectAll(MAX_CONNECTIONS)
    maxConnections = MAX_CONNECTIONS + 1
    expect(connect().isDestroyed).toBe(false)
    maxConnections = 1
    expect(connect().isDestroyed).toBe(true)
    expect(acceptor.connectionCount).toBe(MAX_CONNECTIONS + 1)
  })
})

describe('connections that come before the broker is ready', () => {
  it('are served when it is, as many as may be', () => {
    const early = connectAll(MAX_CONNECTIONS + 1)
    expect(early.map(({ isReading }) => isReading)).toEqual([false, false, false, false])
    acceptor.open()
    expect(early.map(({ isReading }) => isReading)).toEqual([true, true, true, false])
    expect(early.map(({ isDestroyed }) => isDestroyed)).toEqual([false, false, false, true])
  })

  it('are closed when it never is', async () => {
    const early = connect()
    await acceptor.close(GRACE_MS)
    expect(early.isDestroyed).toBe(true)
    expect(isListening).toBe(false)
  })
})

describe('an idle connection', () => {
  beforeEach(() => acceptor.open())

  it('is closed in an orderly way when it was idle for too long', () => {
    const connection = connect()
    clock.advance(MAX_IDLE_MS)
    expect(connection.isEnded).toBe(false)
    clock.advance(SWEEP_MS)
    expect([connection.isEnded, connection.isDestroyed]).toEqual([true, false])
  })

  it('is one that neither sends nor is answered', () => {
    const [sends, isAnswered, waits] = [connect(), connect(), connect()]
    isAnswered.deliver(request)
    waits.deliver(request)
    clock.advance(MAX_IDLE_MS / 2)
    sends.deliver(request)
    waiting[2]?.respond({ errorCode: 0 })
    waiting[0]?.respond({ errorCode: 0 })
    clock.advance(MAX_IDLE_MS / 2 + SWEEP_MS)
    expect([sends, isAnswered, waits].map((connection) => connection.isEnded)).toEqual([false, false, false])
    clock.advance(MAX_IDLE_MS / 2)
    // Who waits for an answer is not idle, however long it takes.
    expect([sends, isAnswered, waits].map((connection) => connection.isEnded)).toEqual([true, true, false])
  })

  it('is cut off when its peer does not even take what is left to send', () => {
    const connection = connect()
    connection.bufferedBytes = 1000
    clock.advance(MAX_IDLE_MS + SWEEP_MS)
    expect([connection.isEnded, connection.isDestroyed]).toEqual([true, false])
    clock.advance(MAX_IDLE_MS)
    expect(connection.isDestroyed).toBe(true)
    expect(acceptor.connectionCount).toBe(0)
  })

  it('has less time in the middle of a request, which holds memory', () => {
    const connection = connect()
    connection.deliver(request.subarray(0, 10))
    clock.advance(MID_FRAME_IDLE_MS)
    expect(connection.isDestroyed).toBe(false)
    connection.deliver(request.subarray(10, 11))
    clock.advance(MID_FRAME_IDLE_MS)
    expect(connection.isDestroyed).toBe(false)
    clock.advance(SWEEP_MS)
    expect(connection.isDestroyed).toBe(true)
    expect(warnings[0]).toContain('stopped arriving')
  })
})

describe('the end', () => {
  beforeEach(() => acceptor.open())

  it('comes when the last connection has its answers and is gone', async () => {
    const [quiet, busy] = [connect(), connect()]
    busy.deliver(request)
    let isClosed = false
    const closing = acceptor.close(GRACE_MS).then(() => (isClosed = true))
    expect(isListening).toBe(false)
    expect([quiet.isEnded, busy.isEnded]).toEqual([true, false])
    waiting[0]?.respond({ errorCode: 0 })
    expect(busy.isEnded).toBe(true)
    quiet.destroy()
    await settled()
    expect(isClosed).toBe(false)
    busy.destroy()
    await closing
    expect(acceptor.connectionCount).toBe(0)
  })

  it('waits no longer than it is given, and then cuts off who is left', async () => {
    const connection = connect()
    connection.deliver(request)
    const closing = acceptor.close(GRACE_MS)
    clock.advance(GRACE_MS - 1)
    expect(connection.isDestroyed).toBe(false)
    clock.advance(1)
    await closing
    expect(connection.isDestroyed).toBe(true)
    expect(warnings[0]).toContain('stopping')
  })

  it('is at once when nobody is connected, and nothing stays behind', async () => {
    await acceptor.close(GRACE_MS)
    const late = connect()
    expect(late.isDestroyed).toBe(true)
    clock.advance(10 * MAX_IDLE_MS)
    expect(acceptor.connectionCount).toBe(0)
  })
})
