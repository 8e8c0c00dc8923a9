import { apiVersionsApi, encodeResponseFrame, ERROR_CODES, metadataApi, produceApi } from '@millrace/protocol'
import { NETWORK_ERROR_CODES, NetworkError } from '@millrace/runtime'
import { describe, expect, it } from 'vitest'
import { FakeCluster, type Reaction } from '../testing/fake-cluster.ts'
import type { Peer } from '../testing/memory-network.ts'
import { BrokerConnection } from './broker-connection.ts'

const ADDRESS = { host: 'b1', port: 9092 }
const NOTHING = { topics: [] } as const

function start() {
  const cluster = new FakeCluster()
  const { settings, clock } = cluster
  return { cluster, clock, open: () => BrokerConnection.open({ ...settings, address: ADDRESS }) }
}

describe('opening', () => {
  it('agrees on the highest version that both know', async () => {
    const { cluster, clock, open } = start()
    cluster.maxVersions.set(metadataApi.key, 9)
    const connection = await clock.run(open())
    expect(connection.versionOf(metadataApi)).toBe(9)
    expect(connection.versionOf(metadataApi, 4)).toBe(4)
    expect(connection.versionOf(produceApi)).toBe(produceApi.maxVersion)
  })

  it('asks again when the broker does not know our version of the question', async () => {
    const { cluster, clock, open } = start()
    const asked: number[] = []
    cluster.network.accept(ADDRESS, (peer) => {
      peer.onData = (chunk) => {
        const version = new DataView(chunk.buffer, chunk.byteOffset).getInt16(6)
        const correlationId = new DataView(chunk.buffer, chunk.byteOffset).getInt32(8)
        asked.push(version)
        const apiKeys = [{ apiKey: apiVersionsApi.key, minVersion: 0, maxVersion: 2 }]
        const errorCode = version > 2 ? ERROR_CODES.UNSUPPORTED_VERSION : ERROR_CODES.NONE
        const answer = { errorCode, apiKeys: version > 2 ? apiKeys : [...apiKeys, { apiKey: 3, minVersion: 0, maxVersion: 5 }] }
        send(peer, encodeResponseFrame(apiVersionsApi, version > 2 ? 0 : version, correlationId, answer))
      }
    })
    const connection = await clock.run(open())
    expect(asked).toEqual([4, 2])
    expect(connection.versionOf(metadataApi)).toBe(5)
  })

  it('says who refused', async () => {
    const { cluster, clock, open } = start()
    cluster.stop(1)
    await expect(clock.run(open())).rejects.toMatchObject({
      code: 'ERR_CLIENT_UNREACHABLE',
      isRetriable: true,
      address: 'b1:9092',
      message: 'cannot connect to b1:9092: ECONNREFUSED',
    })
  })

  it.each<[string, Reaction<(typeof apiVersionsApi)['response']>, string]>([
    ['is silent', 'silence', 'ERR_CLIENT_TIMED_OUT'],
    ['hangs up', 'hang-up', 'ERR_CLIENT_DISCONNECTED'],
    ['refuses', { answer: { errorCode: ERROR_CODES.UNKNOWN_SERVER_ERROR, apiKeys: [] } }, 'ERR_CLIENT_BROKER'],
  ])('fails when the broker accepts and %s', async (_, reaction, code) => {
    const { cluster, clock, open } = start()
    cluster.intercept(apiVersionsApi, () => reaction)
    await expect(clock.run(open())).rejects.toMatchObject({ code })
    expect(clock.monotonic()).toBeLessThanOrEqual(10_000)
    expect(clock.pendingTimers).toBe(0)
  })
})

describe('requests', () => {
  it('may be many at once', async () => {
    const { clock, open } = start()
    const connection = await clock.run(open())
    const answers = Array.from({ length: 20 }, () => connection.request(metadataApi, NOTHING))
    expect(connection.pendingRequests).toBe(20)
    expect((await clock.run(Promise.all(answers))).every(({ clusterId }) => clusterId === 'fake')).toBe(true)
  })

  it('for an API that the broker does not have are refused before they are sent', async () => {
    const { cluster, clock, open } = start()
    cluster.maxVersions.set(metadataApi.key, -1)
    const connection = await clock.run(open())
    await expect(connection.request(metadataApi, NOTHING)).rejects.toMatchObject({
      code: 'ERR_CLIENT_UNSUPPORTED',
      message: 'b1:9092 has no common version of Metadata: it does not offer it',
    })
    expect(connection.isOpen).toBe(true)
  })

  it('that are not answered in time end the connection, and with it all others', async () => {
    const { cluster, clock, open } = start()
    const connection = await clock.run(open())
    cluster.intercept(metadataApi, () => 'silence')
    const slow = connection.request(metadataApi, NOTHING, { timeoutMs: 5_000 })
    const other = connection.request(metadataApi, NOTHING, { timeoutMs: 50_000 })
    const outcomes = await clock.run(Promise.allSettled([slow, other]))
    expect(clock.monotonic()).toBeCloseTo(5_000)
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ reason: { code: 'ERR_CLIENT_TIMED_OUT', message: 'b1:9092 did not answer Metadata in time' } })
    expect(connection.isOpen).toBe(false)
    await expect(connection.request(metadataApi, NOTHING)).rejects.toMatchObject({ code: 'ERR_CLIENT_TIMED_OUT' })
  })

  it('fail when the connection breaks, with its reason', async () => {
    const { cluster, clock } = start()
    let peer: Peer | undefined
    cluster.network.accept(ADDRESS, (accepted) => {
      peer = accepted
      accepted.onData = (chunk) => {
        const correlationId = new DataView(chunk.buffer, chunk.byteOffset).getInt32(8)
        const apiKeys = [{ apiKey: metadataApi.key, minVersion: 0, maxVersion: 13 }]
        if (chunk[5] === apiVersionsApi.key)
          send(accepted, encodeResponseFrame(apiVersionsApi, 4, correlationId, { errorCode: 0, apiKeys }))
      }
    })
    const connection = await clock.run(BrokerConnection.open({ ...cluster.settings, address: ADDRESS }))
    let closed = 0
    connection.onClosed = () => (closed += 1)
    const answer = connection.request(metadataApi, NOTHING)
    peer?.hangUp(new NetworkError(NETWORK_ERROR_CODES.closed, 'ECONNRESET'))
    await expect(clock.run(answer)).rejects.toMatchObject({
      code: 'ERR_CLIENT_DISCONNECTED',
      message: 'the connection to b1:9092 ended: ECONNRESET',
    })
    connection.close()
    expect(closed).toBe(1)
  })

  it.each([
    ['an answer that cannot be decoded', [0, 0, 0, 6, 0, 0, 0, 1, 0, 99]],
    ['an answer to nothing', [0, 0, 0, 4, 0, 0, 0, 77]],
    ['an answer without a header', [0, 0, 0, 2, 0, 0]],
    ['an answer of an impossible size', [0xff, 0xff, 0xff, 0xff]],
  ])('fail after %s', async (_, bytes) => {
    const { cluster, clock, open } = start()
    let peer: Peer | undefined
    const accept = cluster.network.accept.bind(cluster.network)
    cluster.network.accept = (address, onPeer) =>
      accept(address, (accepted) => {
        peer = accepted
        onPeer(accepted)
      })
    cluster.start(1)
    const connection = await clock.run(open())
    cluster.intercept(metadataApi, () => 'silence')
    const answer = connection.request(metadataApi, NOTHING)
    await clock.settle()
    peer?.send([Uint8Array.from(bytes)])
    await expect(clock.run(answer)).rejects.toMatchObject({ code: 'ERR_CLIENT_MALFORMED_RESPONSE', address: 'b1:9092' })
    expect(connection.isOpen).toBe(false)
  })

  it('remember that the broker wants a pause', async () => {
    const { cluster, clock, open } = start()
    const connection = await clock.run(open())
    cluster.interceptNext(metadataApi, { answer: { throttleTimeMs: 400, brokers: [], topics: [], errorCode: 0 } })
    await clock.run(connection.request(metadataApi, NOTHING))
    expect(connection.throttledUntilMs).toBe(clock.monotonic() + 400)
  })

  it('without an answer are done when their bytes have left', async () => {
    const { cluster, clock, open } = start()
    const connection = await clock.run(open())
    await clock.run(connection.sendOnly(produceApi, { acks: 0, timeoutMs: 1, topicData: [] }))
    await clock.settle()
    expect(cluster.requestsOf(produceApi)).toHaveLength(1)
    connection.close()
    await expect(connection.sendOnly(produceApi, { acks: 0, timeoutMs: 1, topicData: [] })).rejects.toMatchObject({
      code: 'ERR_CLIENT_CLOSED',
    })
  })
})

function send(peer: Peer, chunks: readonly unknown[]): void {
  peer.send(chunks as readonly Uint8Array[])
}
