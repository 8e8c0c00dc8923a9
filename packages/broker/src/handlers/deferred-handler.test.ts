import { heartbeatApi } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import type { BrokerServices } from '../broker-services.ts'
import { Exchange } from '../testing/exchange.ts'
import { settled } from '../testing/settled.ts'
import { whenAsked } from './deferred-handler.ts'
import { defineHandler, type Handler, type HandlerFactory, LATER, type RequestContext } from './handler.ts'

type Answering = Parameters<typeof defineHandler<typeof heartbeatApi.request, typeof heartbeatApi.response>>[1]

const SERVICES = {} as BrokerServices
const OK = { errorCode: 0 }

/** A handler whose load is over when the test says so. */
class Scene {
  loads = 0
  readonly #files: { resolve(factory: HandlerFactory): void; reject(error: Error): void }[] = []
  readonly #deferred = whenAsked(heartbeatApi, () => {
    this.loads += 1
    return new Promise((resolve, reject) => void this.#files.push({ resolve, reject }))
  })
  readonly handler: Handler = this.#deferred.create(SERVICES)

  ask(): Exchange<typeof heartbeatApi.response> {
    const exchange = new Exchange(heartbeatApi, 4)
    exchange.start(this.handler, { groupId: 'group', generationId: 1, memberId: 'member', groupInstanceId: null })
    return exchange
  }

  async loaded(handle: Answering): Promise<void> {
    this.#files.shift()?.resolve(() => defineHandler(heartbeatApi, handle))
    await settled()
  }

  async notFound(): Promise<void> {
    this.#files.shift()?.reject(new Error('no such file'))
    await settled()
  }

  another(): Handler {
    return this.#deferred.create(SERVICES)
  }
}

it('advertises all versions of its API, and loads nothing for that', () => {
  const { handler, loads } = new Scene()
  expect(handler).toMatchObject({ api: heartbeatApi, minVersion: 0, minServedVersion: 0, maxVersion: 4 })
  expect(loads).toBe(0)
})

it('is loaded once for all requests that come meanwhile, and answers them all', async () => {
  const scene = new Scene()
  const exchanges = [scene.ask(), scene.ask()]
  await settled()
  expect(exchanges.map(({ state }) => state)).toEqual(['open', 'open'])
  await scene.loaded(() => OK)
  expect(exchanges.map(({ state }) => state)).toEqual(['answered', 'answered'])
  expect(scene.loads).toBe(1)
})

it('answers at once when it is there, also for another broker of the process', async () => {
  const scene = new Scene()
  scene.ask()
  await scene.loaded(() => OK)
  expect(scene.ask().state).toBe('answered')
  const exchange = new Exchange(heartbeatApi, 4)
  exchange.start(scene.another(), { groupId: 'group', generationId: 1, memberId: 'member', groupInstanceId: null })
  expect(exchange.state).toBe('answered')
})

describe('what comes first', () => {
  it('may be answered later', async () => {
    const scene = new Scene()
    const exchange = scene.ask()
    let context: RequestContext<{ errorCode: number }> | null = null
    await scene.loaded((_request, given) => {
      context = given
      return LATER
    })
    expect(exchange.state).toBe('open')
    ;(context as unknown as RequestContext<{ errorCode: number }>).respond(OK)
    expect(exchange.state).toBe('answered')
  })

  it('costs the client its connection when the files cannot be read, and then they are tried again', async () => {
    const scene = new Scene()
    const exchange = scene.ask()
    await scene.notFound()
    expect(exchange.state).toBe('closed')
    const next = scene.ask()
    await scene.loaded(() => OK)
    expect(next.state).toBe('answered')
    expect(scene.loads).toBe(2)
  })
})
