import { addPartitionsToTxnApi, ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { addPartitionsToTxnRequest, addPartitionsToTxnResponse, Decoded, Encodable } from '@millrace/protocol'
import { seededRandom, silentLogger } from '@millrace/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import { PeerChannels } from '../peers/peer-channels.ts'
import { FakePeer } from '../testing/fake-peer.ts'
import { PipeNetwork } from '../testing/pipe-network.ts'
import { RecordFeed } from '../testing/record-feed.ts'
import { settled } from '../testing/settled.ts'
import { StillClock } from '../testing/still-clock.ts'
import type { AskedTransaction, TopicResults } from './confirmation-batch.ts'
import { CoordinatorQuestions } from './coordinator-questions.ts'
import type { PartitionOfTransaction } from './transaction-verifier.ts'

const HERE = 1
const THERE = 2
const { NONE, COORDINATOR_NOT_AVAILABLE, NETWORK_EXCEPTION, TRANSACTION_ABORTABLE } = ERROR_CODES

type Body = Decoded<typeof addPartitionsToTxnRequest>

let clock: StillClock
let peer: FakePeer<typeof addPartitionsToTxnRequest, typeof addPartitionsToTxnResponse>
let questions: CoordinatorQuestions
/** Asked of the coordinator on this broker. */
let here: AskedTransaction[]
let answerHere: (transaction: AskedTransaction) => TopicResults | ErrorCode
let coordinators: Record<string, number>

beforeEach(async () => {
  clock = new StillClock()
  const network = new PipeNetwork()
  const feed = new RecordFeed('cluster')
  for (const brokerId of [HERE, THERE]) {
    feed.commit({
      type: 'register-broker',
      brokerId,
      brokerEpoch: -1,
      incarnationId: 'incarnation-of-brokerA',
      listeners: [{ name: 'PLAINTEXT', host: `broker-${brokerId}`, port: 9092, securityProtocol: 0 }],
      rack: null,
      directoryIds: [],
      features: [],
      isFenced: false,
      isInControlledShutdown: false,
    })
  }
  peer = new FakePeer(addPartitionsToTxnApi)
  await peer.listen(network.host('broker-2'), 'broker-2', 9092)
  const peers = new PeerChannels({
    nodeId: HERE,
    feed,
    clock,
    random: seededRandom(1),
    network: network.host('broker-1'),
    logger: silentLogger,
    maxFrameBytes: 100_000,
    clientId: 'test',
    timeoutMs: 10_000,
  })
  here = []
  answerHere = (transaction) => resultsOf(transaction)
  coordinators = { local: HERE, remote: THERE, 'remote-2': THERE, nowhere: -1, lost: 9 }
  questions = new CoordinatorQuestions({
    nodeId: HERE,
    clock,
    peers,
    coordinatorOf: (transactionalId) => coordinators[transactionalId] ?? -1,
    askHere: async (transaction) => {
      here.push(transaction)
      return answerHere(transaction)
    },
  })
})

function ask(transactionalId: string, partition = 0, more: Partial<PartitionOfTransaction> = {}): Promise<ErrorCode> {
  return questions.confirm({ transactionalId, producerId: 7, producerEpoch: 0, topic: 'a', partition, verifyOnly: false, ...more })
}

function resultsOf({ topics }: Pick<AskedTransaction, 'topics'>, code: (partition: number) => ErrorCode = () => NONE): TopicResults {
  return topics.map(({ topic, partitions }) => ({
    name: topic,
    resultsByPartition: partitions.map((partitionIndex) => ({ partitionIndex, partitionErrorCode: code(partitionIndex) })),
  }))
}

/** What a coordinator answers that has this to say of each partition. */
function answerTo(body: Body, code: (partition: number) => ErrorCode = () => NONE): Encodable<typeof addPartitionsToTxnResponse> {
  const resultsByTransaction = body.transactions.map(({ transactionalId, topics }) => {
    const asked = topics.map(({ name, partitions }) => ({ topic: name, partitions: [...partitions] }))
    return { transactionalId, topicResults: resultsOf({ topics: asked }, code) }
  })
  return { throttleTimeMs: 0, errorCode: NONE, resultsByTransaction, resultsByTopicV3AndBelow: [] }
}

async function askedOf(index: number): Promise<{ readonly body: Body; respond(code?: (partition: number) => ErrorCode): void }> {
  await settled()
  const request = peer.requests[index]
  if (request === undefined) throw new Error(`there are ${peer.requests.length} requests`)
  return { body: request.body, respond: (code) => request.respond(answerTo(request.body, code)) }
}

describe('a coordinator on another broker', () => {
  it('is asked about all that comes in one turn with one request, and each gets its own answer', async () => {
    const asked = [ask('remote', 0), ask('remote', 1), ask('remote-2', 5, { producerId: 8, verifyOnly: true }), ask('remote', 1)]
    const { body, respond } = await askedOf(0)
    expect(body.transactions).toEqual([
      { transactionalId: 'remote', producerId: 7, producerEpoch: 0, verifyOnly: false, topics: [{ name: 'a', partitions: [0, 1] }] },
      { transactionalId: 'remote-2', producerId: 8, producerEpoch: 0, verifyOnly: true, topics: [{ name: 'a', partitions: [5] }] },
    ])
    respond((partition) => (partition === 1 ? TRANSACTION_ABORTABLE : NONE))
    expect(await Promise.all(asked)).toEqual([NONE, TRANSACTION_ABORTABLE, NONE, TRANSACTION_ABORTABLE])
  })

  it('is asked with another request what an id was asked otherwise in the first', async () => {
    const asked = [ask('remote', 0), ask('remote', 0, { producerEpoch: 1 }), ask('remote', 0, { producerEpoch: 2, verifyOnly: true })]
    ;(await askedOf(0)).respond()
    ;(await askedOf(1)).respond()
    ;(await askedOf(2)).respond(() => TRANSACTION_ABORTABLE)
    expect(await Promise.all(asked)).toEqual([NONE, NONE, TRANSACTION_ABORTABLE])
    expect(peer.requests.map(({ body }) => body.transactions.map(({ producerEpoch }) => producerEpoch))).toEqual([[0], [1], [2]])
  })

  it('is not asked more while four requests are under way, and then all that came meanwhile', async () => {
    const asked: Promise<ErrorCode>[] = []
    for (let partition = 0; partition < 7; partition += 1) {
      asked.push(ask('remote', partition))
      await settled()
    }
    expect(peer.requests.length).toBe(4)
    ;(await askedOf(0)).respond()
    expect((await askedOf(4)).body.transactions[0]?.topics).toEqual([{ name: 'a', partitions: [4, 5, 6] }])
    for (let index = 1; index < 5; index += 1) (await askedOf(index)).respond()
    expect(await Promise.all(asked)).toEqual(asked.map(() => NONE))
  })

  it('that says nothing of a partition, or refuses the request, has not confirmed it', async () => {
    const asked = ask('remote')
    await settled()
    peer.requests[0]?.respond({ throttleTimeMs: 0, errorCode: NONE, resultsByTransaction: [], resultsByTopicV3AndBelow: [] })
    expect(await asked).toBe(COORDINATOR_NOT_AVAILABLE)
    const refused = ask('remote')
    await settled()
    const errorCode = ERROR_CODES.CLUSTER_AUTHORIZATION_FAILED
    peer.requests[1]?.respond({ throttleTimeMs: 0, errorCode, resultsByTransaction: [], resultsByTopicV3AndBelow: [] })
    expect(await refused).toBe(errorCode)
  })

  it('that hangs up may have done what it was asked to', async () => {
    const asked = ask('remote')
    await settled()
    peer.hangUp()
    expect(await asked).toBe(NETWORK_EXCEPTION)
  })

  it.each(['nowhere', 'lost'])('is not there: %s', async (transactionalId) => {
    expect(await ask(transactionalId)).toBe(COORDINATOR_NOT_AVAILABLE)
  })
})

describe('a coordinator on this broker', () => {
  it('is asked about a transaction once in a turn', async () => {
    expect(await Promise.all([ask('local', 0), ask('local', 3), ask('local', 3)])).toEqual([NONE, NONE, NONE])
    expect(here.length).toBe(1)
    expect(here[0]).toMatchObject({ transactionalId: 'local', producerId: 7, producerEpoch: 0, verifyOnly: false })
  })

  it('may refuse all of it', async () => {
    answerHere = () => ERROR_CODES.NOT_COORDINATOR
    expect(await Promise.all([ask('local', 0), ask('local', 1)])).toEqual([ERROR_CODES.NOT_COORDINATOR, ERROR_CODES.NOT_COORDINATOR])
  })
})
