import { ERROR_CODES, writeTxnMarkersApi } from '@millrace/protocol'
import type { Decoded, Encodable, ErrorCode, writeTxnMarkersRequest, writeTxnMarkersResponse } from '@millrace/protocol'
import { seededRandom, silentLogger } from '@millrace/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PeerChannels } from '../peers/peer-channels.ts'
import { bytesOf } from '../testing/batches.ts'
import { BrokerFixture, NODE_ID } from '../testing/broker-fixture.ts'
import { FakePeer } from '../testing/fake-peer.ts'
import { PipeNetwork } from '../testing/pipe-network.ts'
import { settled } from '../testing/settled.ts'
import { MarkerSender } from './marker-sender.ts'

const THERE = 2
const { NONE, LEADER_NOT_AVAILABLE, NETWORK_EXCEPTION, NOT_LEADER_OR_FOLLOWER } = ERROR_CODES

let broker: BrokerFixture
let peer: FakePeer<typeof writeTxnMarkersRequest, typeof writeTxnMarkersResponse>
let sender: MarkerSender
/** Partition by partition, in the order in which they were told. */
let outcomes: string[]

beforeEach(async () => {
  broker = await BrokerFixture.start()
  broker.addBroker(THERE, { host: 'broker-2' })
  const network = new PipeNetwork()
  peer = new FakePeer(writeTxnMarkersApi)
  await peer.listen(network.host('broker-2'), 'broker-2', 9000 + THERE)
  const { clock, feed } = broker
  const peers = new PeerChannels({
    nodeId: NODE_ID,
    feed,
    clock,
    random: seededRandom(1),
    network: network.host('broker-1'),
    logger: silentLogger,
    maxFrameBytes: 100_000,
    clientId: 'test',
    timeoutMs: 10_000,
  })
  sender = new MarkerSender({ nodeId: NODE_ID, clock, feed, peers, writer: broker.services.transactions.markerWriter })
  outcomes = []
  broker.addTopic('here')
  broker.addTopic('there', [[THERE], [THERE]])
})

afterEach(() => broker.close())

function send(places: Readonly<Record<string, readonly number[]>>, producerId = 5): void {
  const topics = Object.entries(places).map(([topic, partitions]) => ({ topic, partitions }))
  const ended = { transactionalId: 'payments', producerId, producerEpoch: 1, result: 'commit', transactionVersion: 2 } as const
  sender.send({ type: 'write-markers', ...ended, topics }, 3, (told) => {
    for (const { topic, partition, outcome } of told) outcomes.push(`${producerId} ${topic}-${partition} ${outcome}`)
  })
}

function answerTo(
  { markers }: Decoded<typeof writeTxnMarkersRequest>,
  errorCode: ErrorCode = NONE,
): Encodable<typeof writeTxnMarkersResponse> {
  return {
    markers: markers.map(({ producerId, topics }) => ({
      producerId,
      topics: topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode })),
      })),
    })),
  }
}

function respond(index: number, errorCode: ErrorCode = NONE): void {
  const request = peer.requests[index]
  request?.respond(answerTo(request.body, errorCode))
}

describe('the end of a transaction', () => {
  it('is told to each partition by way of its leader', async () => {
    const producer = { producerId: 5, producerEpoch: 0, baseSequence: 0, isTransactional: true }
    await broker.append('here', 0, [{ value: bytesOf('x') }], producer)
    send({ here: [0], there: [1, 0] })
    await settled()
    expect(outcomes).toEqual([`5 here-0 ${NONE}`])
    expect(broker.partition('here').lastStableOffset).toBe(2)
    expect(peer.requests[0]?.body.markers).toEqual([
      {
        producerId: 5,
        producerEpoch: 1,
        transactionResult: true,
        topics: [{ name: 'there', partitionIndexes: [1, 0] }],
        coordinatorEpoch: 3,
        transactionVersion: 2,
      },
    ])
    respond(0)
    await settled()
    expect(outcomes.slice(1)).toEqual([`5 there-1 ${NONE}`, `5 there-0 ${NONE}`])
  })

  it('is told together with others, as far as they go to one broker at one time', async () => {
    for (const producerId of [5, 6, 7]) send({ there: [0] }, producerId)
    await settled()
    expect(peer.requests.map(({ body }) => body.markers.map(({ producerId }) => producerId))).toEqual([[5, 6, 7]])
    respond(0, NOT_LEADER_OR_FOLLOWER)
    await settled()
    expect(outcomes).toEqual([5, 6, 7].map((producerId) => `${producerId} there-0 ${NOT_LEADER_OR_FOLLOWER}`))
  })

  it('waits while eight requests are under way, and is sent with all that waits', async () => {
    for (let producerId = 1; producerId <= 11; producerId += 1) {
      send({ there: [0] }, producerId)
      await settled()
    }
    for (let index = 0; index < 8; index += 1) respond(index)
    await settled()
    respond(8)
    await settled()
    expect(peer.requests.map(({ body }) => body.markers.map(({ producerId }) => producerId)).slice(7)).toEqual([[8], [9, 10, 11]])
    expect(outcomes.length).toBe(11)
  })

  it('is divided among requests where it is for very many partitions', async () => {
    for (const producerId of [1, 2, 3]) send({ there: Array.from({ length: 900 }, () => 0) }, producerId)
    await settled()
    expect(peer.requests.map(({ body }) => body.markers.length)).toEqual([2, 1])
  })

  it('is known to be of no use for a partition that was deleted, and to be for later where none leads', async () => {
    broker.addTopic('headless')
    broker.changePartition('headless', 0, { leader: -1 })
    send({ gone: [0], there: [9], headless: [0] })
    await settled()
    expect(outcomes).toEqual(['5 gone-0 deleted', '5 there-9 deleted', `5 headless-0 ${LEADER_NOT_AVAILABLE}`])
  })

  it('may or may not have been told when the broker hangs up, or says nothing of it', async () => {
    send({ there: [0] })
    await settled()
    peer.hangUp()
    await settled()
    peer.answer = () => ({ markers: [] })
    send({ there: [1] })
    await settled()
    peer.answer = (body) => ({ markers: answerTo(body).markers.map((marker) => ({ ...marker, producerId: 99 })) })
    send({ there: [0] }, 6)
    await settled()
    expect(outcomes).toEqual([`5 there-0 ${NETWORK_EXCEPTION}`, `5 there-1 ${NETWORK_EXCEPTION}`, `6 there-0 ${NETWORK_EXCEPTION}`])
  })
})
