import { encodeRequestFrame, heartbeatApi, metadataApi, ProtocolError } from '@millrace/protocol'
import { BufferPool, type Logger } from '@millrace/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Answer, defineHandler, LATER, type RequestContext } from '../handlers/handler.ts'
import { ScriptedConnection } from '../testing/scripted-connection.ts'
import { StillClock } from '../testing/still-clock.ts'
import { ClientConnection } from './client-connection.ts'
import { BoundedWarnings } from './bounded-warnings.ts'
import { RequestMemory } from './request-memory.ts'

type Context = RequestContext<{ errorCode: number }>

const MAX_FRAME_BYTES = 10_000
const OK = { errorCode: 0 }

function memoryOf(maxBytes: number): RequestMemory {
  return new RequestMemory({ pool: new BufferPool(), maxBytes })
}

class Scene {
  readonly connection = new ScriptedConnection()
  readonly warnings: string[] = []
  readonly started: { readonly memberId: string; readonly context: Context }[] = []
  isClosed = false
  turns = 0
  /** Connections that were said to be gone. */
  readonly gone: number[] = []
  readonly client: ClientConnection
  /** What the handler does with each request; waits for the test by default. */
  answer: (context: Context) => Answer<{ errorCode: number }> = () => LATER

  constructor(requestMemory = memoryOf(1_000_000), clock = new StillClock()) {
    const heartbeat = defineHandler(heartbeatApi, (request, context) => {
      this.started.push({ memberId: request.memberId, context: context as unknown as Context })
      return this.answer(context as unknown as Context)
    })
    const note = (event: string, fields?: object): void => void this.warnings.push(`${event} ${JSON.stringify(fields)}`)
    const logger: Logger = { debug: () => {}, info: () => {}, warn: note, error: note, child: () => logger }
    this.client = new ClientConnection(
      this.connection,
      7,
      {
        clock,
        logger,
        warnings: new BoundedWarnings(logger, clock),
        requestMemory,
        maxFrameBytes: MAX_FRAME_BYTES,
        handlerFor: (key) => (key === heartbeatApi.key ? heartbeat : undefined),
        unsupportedApiVersions: () => [],
        connectionClosed: (id) => void this.gone.push(id),
        beginTurn: () => {},
        endTurn: () => {
          this.turns += 1
        },
      },
      () => {
        this.isClosed = true
      },
    )
  }

  context(index: number): Context {
    const started = this.started[index]
    if (started === undefined) throw new Error(`request ${index} was not started`)
    return started.context
  }
}

function heartbeat(correlationId: number, memberId = `member ${correlationId}`): Uint8Array {
  const body = { groupId: 'g', generationId: 1, memberId, groupInstanceId: null }
  return joined(encodeRequestFrame(heartbeatApi, 3, correlationId, 'test', body))
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks))
}

/** The loop's next turn, in which deferred work runs. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

describe('the order of requests', () => {
  it('starts the next request when the one before is answered', async () => {
    const scene = new Scene()
    scene.connection.deliver(joined([heartbeat(1), heartbeat(2), heartbeat(3)]))
    expect(scene.started).toHaveLength(1)
    expect(scene.connection.isReading).toBe(false)
    for (const id of [1, 2, 3]) {
      scene.context(id - 1).respond(OK)
      await nextTurn()
    }
    // What waited was kept, though the chunk that brought it was overwritten.
    expect(scene.started.map(({ memberId }) => memberId)).toEqual(['member 1', 'member 2', 'member 3'])
    expect(scene.connection.answered()).toEqual([1, 2, 3])
    expect(scene.connection.isReading).toBe(true)
  })

  it('reads on while a request is out, and stops when another has come meanwhile', async () => {
    const scene = new Scene()
    scene.connection.deliver(heartbeat(1))
    expect(scene.connection.isReading).toBe(true)
    scene.connection.deliver(heartbeat(2))
    expect(scene.connection.isReading).toBe(false)
    expect(scene.started).toHaveLength(1)
    scene.context(0).respond(OK)
    await nextTurn()
    scene.context(1).respond(OK)
    expect(scene.started.map(({ memberId }) => memberId)).toEqual(['member 1', 'member 2'])
    expect(scene.connection.answered()).toEqual([1, 2])
    expect(scene.connection.isReading).toBe(true)
  })

  it('waits for a handler that says only after a while that it answers later', async () => {
    const scene = new Scene()
    scene.answer = async (): Promise<typeof LATER> => LATER
    scene.connection.deliver(joined([heartbeat(1), heartbeat(2)]))
    await nextTurn()
    expect(scene.started).toHaveLength(1)
    expect(scene.connection.answered()).toEqual([])
    scene.context(0).respond(OK)
    await nextTurn()
    expect(scene.connection.answered()).toEqual([1])
    expect(scene.started).toHaveLength(2)
  })

  it('starts it earlier when the order is released, and still answers in order', () => {
    const scene = new Scene()
    scene.answer = (context) => {
      context.releaseOrder()
      return LATER
    }
    scene.connection.deliver(joined([heartbeat(1), heartbeat(2), heartbeat(3)]))
    expect(scene.started).toHaveLength(3)
    scene.context(2).respond(OK)
    scene.context(1).respond(OK)
    expect(scene.connection.answered()).toEqual([])
    scene.context(0).respond(OK)
    expect(scene.connection.answered()).toEqual([1, 2, 3])
  })

  it('waits for a promise as for any other answer', async () => {
    const scene = new Scene()
    const { promise, resolve } = Promise.withResolvers<{ errorCode: number }>()
    scene.answer = () => promise
    scene.connection.deliver(joined([heartbeat(1), heartbeat(2)]))
    expect(scene.started).toHaveLength(1)
    resolve(OK)
    await nextTurn()
    expect(scene.started).toHaveLength(2)
    expect(scene.connection.answered()).toEqual([1, 2])
  })

  it('leaves no answer where there is none', async () => {
    const scene = new Scene()
    scene.connection.deliver(joined([heartbeat(1), heartbeat(2)]))
    scene.context(0).respondNothing()
    await nextTurn()
    scene.context(1).respond(OK)
    expect(scene.connection.answered()).toEqual([2])
  })

  it('ends the turn once for all frames of a chunk, before the chunk is overwritten', () => {
    const scene = new Scene()
    scene.answer = () => OK
    scene.connection.deliver(joined([heartbeat(1), heartbeat(2), heartbeat(3)]))
    expect(scene.turns).toBe(1)
  })
})

describe('the bounds', () => {
  it('reads no more while 256 requests are out', async () => {
    const scene = new Scene()
    scene.answer = (context) => {
      context.releaseOrder()
      return LATER
    }
    scene.connection.deliver(joined(Array.from({ length: 300 }, (_, index) => heartbeat(index))))
    expect(scene.started).toHaveLength(256)
    expect(scene.connection.isReading).toBe(false)
    scene.context(0).respond(OK)
    await nextTurn()
    expect(scene.started).toHaveLength(257)
    for (let index = 1; index < 300; index += 1) {
      if (scene.started.length <= index) await nextTurn()
      scene.context(index).respond(OK)
    }
    await nextTurn()
    expect(scene.connection.isReading).toBe(true)
  })

  it('reads no more while the peer does not take its answers', async () => {
    const scene = new Scene()
    scene.answer = () => {
      scene.connection.bufferedBytes += 3 * 1024 * 1024
      return OK
    }
    scene.connection.deliver(joined([heartbeat(1), heartbeat(2), heartbeat(3)]))
    expect(scene.started).toHaveLength(2)
    expect(scene.connection.isReading).toBe(false)
    scene.connection.drain()
    await nextTurn()
    expect(scene.started).toHaveLength(3)
    expect(scene.connection.isReading).toBe(true)
  })
})

describe('request memory that is used up', () => {
  const MEMORY_WAIT_MS = 30_000
  const large = heartbeat(1, 'm'.repeat(9000))
  let clock: StillClock
  let memory: RequestMemory
  /** Hold all of it, each with a request that is half here, and one of them beyond the bound. */
  let holders: Scene[]

  beforeEach(() => {
    clock = new StillClock()
    memory = memoryOf(16 * 1024)
    holders = [new Scene(memory, clock), new Scene(memory, clock)]
    for (const { connection } of holders) connection.deliver(large.subarray(0, 5000))
  })

  it('has a connection read no further until there is some, and lose nothing', async () => {
    const scene = new Scene(memory, clock)
    scene.connection.deliver(large.subarray(0, 5000))
    expect(scene.connection.isReading).toBe(false)
    // Data that was on its way may still come.
    scene.connection.deliver(large.subarray(5000))
    holders[0]?.connection.deliver(large.subarray(5000))
    await nextTurn()
    expect(scene.started.map(({ memberId }) => memberId)).toEqual(['m'.repeat(9000)])
    scene.context(0).respond(OK)
    expect(scene.connection.isReading).toBe(true)
    for (const { connection } of holders) connection.destroy()
    expect(memory.takenBytes).toBe(0)
  })

  it('is no matter for requests that come whole', () => {
    const scene = new Scene(memory, clock)
    scene.connection.deliver(large)
    expect(scene.started).toHaveLength(1)
  })

  it('is not waited for without end', () => {
    const scene = new Scene(memory, clock)
    scene.connection.deliver(large.subarray(0, 5000))
    clock.advance(MEMORY_WAIT_MS - 1)
    expect(scene.connection.isDestroyed).toBe(false)
    clock.advance(1)
    expect(scene.connection.isDestroyed).toBe(true)
    expect(scene.warnings[0]).toContain('request memory')
  })

  it('is not waited for by a client that is gone', async () => {
    const scene = new Scene(memory, clock)
    scene.connection.deliver(large.subarray(0, 5000))
    scene.connection.destroy()
    for (const { connection } of holders) connection.destroy()
    await nextTurn()
    clock.advance(MEMORY_WAIT_MS)
    expect(scene.warnings).toEqual([])
    expect(memory.takenBytes).toBe(0)
  })
})

describe('what cannot be served', () => {
  const sized = (size: number, rest: readonly number[] = []): Uint8Array => {
    const bytes = new Uint8Array(4 + rest.length)
    new DataView(bytes.buffer).setInt32(0, size)
    bytes.set(rest, 4)
    return bytes
  }

  it.each([
    ['an API that is not served', joined(encodeRequestFrame(metadataApi, 4, 1, null, { topics: null })), 'unknown API key'],
    ['a version that is not served', sized(8, [0, 12, 0, 99, 0, 0, 0, 1]), 'unsupported API version'],
    ['a frame without a header', sized(3, [0, 12, 0]), 'has no header'],
    ['a request that is cut short', sized(20, [0, 12, 0, 3, 0, 0, 0, 1, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8]), 'peer'],
    ['a negative size', sized(-1), 'negative length'],
    ['a size above the limit', sized(MAX_FRAME_BYTES + 1), 'socket.request.max.bytes'],
  ])('closes on %s, with one line that names the peer and the reason', (_what, bytes, reason) => {
    const scene = new Scene()
    scene.connection.deliver(bytes)
    expect(scene.connection.isDestroyed).toBe(true)
    expect(scene.warnings).toHaveLength(1)
    expect(scene.warnings[0]).toContain('client.test:50000')
    expect(scene.warnings[0]).toContain(reason)
    expect(scene.isClosed).toBe(true)
    expect(scene.started).toHaveLength(0)
  })

  it('closes when a handler throws or rejects, and answers nothing', async () => {
    for (const fail of [
      () => Promise.reject(new Error('a bug')),
      (): never => {
        throw new Error('a bug')
      },
    ]) {
      const scene = new Scene()
      scene.answer = fail
      scene.connection.deliver(heartbeat(1))
      await nextTurn()
      expect(scene.connection.isDestroyed).toBe(true)
      expect(scene.connection.answered()).toEqual([])
    }
  })

  it('closes when an answer cannot be encoded, whenever it comes, and troubles nobody else', async () => {
    const unencodable = {
      get errorCode(): number {
        throw new ProtocolError('ERR_PROTOCOL_UNENCODABLE', 'string of 40000 bytes is too long')
      },
    }
    const ways: readonly Scene['answer'][] = [() => unencodable, () => Promise.resolve(unencodable), () => LATER]
    for (const answer of ways) {
      const scene = new Scene()
      scene.answer = answer
      scene.connection.deliver(heartbeat(1))
      await nextTurn()
      if (!scene.isClosed) scene.context(0).respond(unencodable)
      expect(scene.connection.isDestroyed).toBe(true)
      expect(scene.connection.answered()).toEqual([])
      expect(scene.warnings).toMatchObject([expect.stringContaining('40000 bytes is too long","api":"Heartbeat')])
    }
  })
})

describe('the end', () => {
  it('tells those who wait that the client is gone, and swallows their answers', () => {
    const scene = new Scene()
    scene.connection.deliver(heartbeat(1))
    let isTold = false
    scene.context(0).onDisconnect(() => {
      isTold = true
    })
    scene.connection.destroy()
    expect(isTold).toBe(true)
    scene.context(0).respond(OK)
    expect(scene.connection.answered()).toEqual([])
  })

  it('is told to the broker too, by the number that each of its requests came with', () => {
    const scene = new Scene()
    scene.connection.deliver(heartbeat(1))
    expect(scene.context(0).connectionId).toBe(7)
    scene.connection.destroy()
    expect(scene.gone).toEqual([7])
  })

  it('drains: takes no more requests, has those who wait answer, and closes after the last answer', async () => {
    const scene = new Scene()
    scene.answer = (context) => {
      context.releaseOrder()
      return LATER
    }
    scene.connection.deliver(joined([heartbeat(1), heartbeat(2)]))
    scene.context(1).onDrain(() => scene.context(1).respond(OK))
    scene.client.shutDown()
    expect(scene.connection.isReading).toBe(false)
    scene.connection.deliver(heartbeat(3))
    await nextTurn()
    expect(scene.started).toHaveLength(2)
    expect(scene.connection.isEnded).toBe(false)
    scene.context(0).respond(OK)
    expect(scene.connection.answered()).toEqual([1, 2])
    expect(scene.connection.isEnded).toBe(true)
  })

  it('drains at once when nothing is out', () => {
    const scene = new Scene()
    scene.client.shutDown()
    expect(scene.connection.isEnded).toBe(true)
  })
})
