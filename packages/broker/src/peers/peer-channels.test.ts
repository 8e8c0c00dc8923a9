import { endTxnApi } from '@millrace/protocol'
import type { endTxnRequest, endTxnResponse } from '@millrace/protocol'
import { seededRandom, silentLogger } from '@millrace/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import { FakePeer } from '../testing/fake-peer.ts'
import { PipeNetwork } from '../testing/pipe-network.ts'
import { RecordFeed } from '../testing/record-feed.ts'
import { settled } from '../testing/settled.ts'
import { StillClock } from '../testing/still-clock.ts'
import { PeerChannels } from './peer-channels.ts'

const OTHER = 2
const TIMEOUT_MS = 5_000

let clock: StillClock
let network: PipeNetwork
let feed: RecordFeed
let peer: FakePeer<typeof endTxnRequest, typeof endTxnResponse>
let channels: PeerChannels

function register(brokerId: number, incarnation: string): void {
  feed.commit({
    type: 'register-broker',
    brokerId,
    brokerEpoch: -1,
    incarnationId: incarnation.padEnd(22, 'A'),
    listeners: [{ name: 'PLAINTEXT', host: `broker-${brokerId}`, port: 9092, securityProtocol: 0 }],
    rack: null,
    directoryIds: [],
    features: [],
    isFenced: false,
    isInControlledShutdown: false,
  })
}

function unregister(): void {
  feed.commit({ type: 'unregister-broker', brokerId: OTHER, brokerEpoch: feed.image().brokers.get(OTHER)?.epoch ?? -1 })
}

beforeEach(async () => {
  clock = new StillClock()
  network = new PipeNetwork()
  feed = new RecordFeed('cluster')
  peer = new FakePeer(endTxnApi)
  await peer.listen(network.host('broker-2'), 'broker-2', 9092)
  register(1, 'first')
  register(OTHER, 'second')
  channels = new PeerChannels({
    nodeId: 1,
    feed,
    clock,
    random: seededRandom(1),
    network: network.host('broker-1'),
    logger: silentLogger,
    maxFrameBytes: 100_000,
    clientId: 'test',
    timeoutMs: TIMEOUT_MS,
  })
})

/** The epoch that the answer carries is the one that was asked about, plus one. */
async function ask(producerEpoch: number): Promise<number | string> {
  const request = { transactionalId: 't', producerId: 1, producerEpoch, committed: true }
  const answer = await channels.to(OTHER)?.call(endTxnApi, 5, request)
  return answer?.type === 'answered' ? answer.body.producerEpoch : (answer?.reason ?? 'no such broker')
}

function answerAll(): void {
  peer.answer = ({ producerId, producerEpoch }) => ({ throttleTimeMs: 0, errorCode: 0, producerId, producerEpoch: producerEpoch + 1 })
}

describe('a channel to another broker', () => {
  it('carries many requests over one connection, each with its answer', async () => {
    answerAll()
    expect(await Promise.all([1, 2, 3].map(ask))).toEqual([2, 3, 4])
    expect(await ask(7)).toBe(8)
    expect(network.connects).toEqual(['broker-2:9092'])
  })

  it('is there for brokers that are registered, and others than this', () => {
    expect([channels.to(1), channels.to(3)]).toEqual([null, null])
    expect(channels.to(OTHER)).toBe(channels.to(OTHER))
  })

  it('tells who waits when the connection ends, and opens another for the next', async () => {
    const asked = [ask(1), ask(2)]
    await settled()
    expect(peer.requests.length).toBe(2)
    peer.hangUp()
    expect(await Promise.all(asked)).toEqual(['the peer closed the connection', 'the peer closed the connection'])
    answerAll()
    expect(await ask(3)).toBe(4)
  })

  it('gives up a broker that does not answer', async () => {
    const asked = ask(1)
    await settled()
    clock.advance(TIMEOUT_MS)
    expect(await asked).toBe(`no answer for ${TIMEOUT_MS} ms`)
  })

  it('says at once that a broker cannot be reached, without asking it again and again', async () => {
    network.cut('broker-1', 'broker-2')
    expect(await ask(1)).toMatch(/cannot connect/)
    expect(await Promise.all([ask(2), ask(3)])).toEqual([expect.stringMatching(/cannot connect/), expect.stringMatching(/cannot connect/)])
    expect(network.connects.length).toBe(1)
    network.heal('broker-1', 'broker-2')
    answerAll()
    clock.advance(20)
    expect(await ask(4)).toBe(5)
  })

  it('takes no more than a thousand requests', async () => {
    const asked = Array.from({ length: 1_001 }, (_, epoch) => ask(epoch))
    expect(await asked.at(-1)).toBe('1000 requests are not answered yet')
    await settled()
    expect(peer.requests.length).toBe(1_000)
  })

  it.each([
    ['started again', () => register(OTHER, 'third')],
    ['is gone', unregister],
  ])('ends when its broker %s', async (_, happen) => {
    const asked = ask(1)
    await settled()
    happen()
    expect(await asked).toBe('the broker is gone or has started again')
    await settled()
    expect(peer.connectionCount).toBe(0)
  })

  it('ends when this broker stops, also while it is being opened', async () => {
    const asked = ask(1)
    channels.close()
    expect(await asked).toBe('this broker stops')
    await settled()
    expect(peer.connectionCount).toBe(0)
  })
})
