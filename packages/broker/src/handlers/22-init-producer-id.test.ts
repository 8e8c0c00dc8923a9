import { CONTROLLER_ERROR_CODES, ControllerError } from '@millrace/metadata'
import { ERROR_CODES, initProducerIdApi } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { settled } from '../testing/settled.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

const ask = (
  version: number,
  given: { transactionalId?: string | null; transactionTimeoutMs?: number; producerId?: number; producerEpoch?: number } = {},
) => broker.call(initProducerIdApi, version, { transactionalId: null, transactionTimeoutMs: 0, ...given })

it.each([0, 1, 2, 3, 4, 5])('gives a fresh id with epoch 0 in version %i', async (version) => {
  expect(await ask(version)).toMatchObject({ errorCode: ERROR_CODES.NONE, producerId: 1000, producerEpoch: 0 })
  expect(await ask(version)).toMatchObject({ errorCode: ERROR_CODES.NONE, producerId: 1001, producerEpoch: 0 })
})

it('gives no id twice, however many ask at once and however small the blocks are', async () => {
  const answers = await Promise.all(Array.from({ length: 7 }, () => ask(5)))
  expect(new Set(answers.map(({ producerId }) => producerId)).size).toBe(7)
})

it.each([
  { producerId: 1000, producerEpoch: 3, errorCode: ERROR_CODES.NONE },
  { producerId: 1000, producerEpoch: 32_767, errorCode: ERROR_CODES.NONE },
  { producerId: 1000, producerEpoch: -1, errorCode: ERROR_CODES.INVALID_REQUEST },
  { producerId: -1, producerEpoch: 3, errorCode: ERROR_CODES.INVALID_REQUEST },
])('answers a producer that had id $producerId and epoch $producerEpoch with $errorCode', async ({ errorCode, ...had }) => {
  const isFine = errorCode === ERROR_CODES.NONE
  expect(await ask(3, had)).toMatchObject({ errorCode, producerId: isFine ? 1000 : -1, producerEpoch: isFine ? 0 : -1 })
})

describe('a producer with a transactional id', () => {
  const begin = (version: number, given: object = {}) => ask(version, { transactionalId: 't', transactionTimeoutMs: 60_000, ...given })

  it.each([0, 3, 5])('is told that there is no coordinator where there is none, in version %i', async (version) => {
    const asked = begin(version)
    await settled()
    broker.clock.advance(1_000)
    expect(await asked).toMatchObject({ errorCode: ERROR_CODES.COORDINATOR_NOT_AVAILABLE, producerId: -1 })
  })

  it.each([0, 3, 5])('gets the next epoch every time, in version %i', async (version) => {
    broker.addTopic('__transaction_state')
    expect(await begin(version)).toMatchObject({ errorCode: ERROR_CODES.NONE, producerId: 1000, producerEpoch: 0 })
    expect(await begin(version)).toMatchObject({ errorCode: ERROR_CODES.NONE, producerId: 1000, producerEpoch: 1 })
  })

  it.each([
    [3, ERROR_CODES.INVALID_PRODUCER_EPOCH],
    [4, ERROR_CODES.PRODUCER_FENCED],
  ])('is told that it was replaced, in words that version %i knows', async (version, errorCode) => {
    broker.addTopic('__transaction_state')
    for (let times = 0; times < 3; times += 1) await begin(5)
    expect(await begin(version, { producerId: 1000, producerEpoch: 0 })).toMatchObject({ errorCode, producerId: -1 })
  })

  it('cannot have an empty id, nor allow its transactions to take for ever', async () => {
    broker.addTopic('__transaction_state')
    expect(await begin(5, { transactionalId: '' })).toMatchObject({ errorCode: ERROR_CODES.INVALID_REQUEST })
    expect(await begin(5, { transactionTimeoutMs: 900_001 })).toMatchObject({ errorCode: ERROR_CODES.INVALID_TRANSACTION_TIMEOUT })
  })

  it('asks again while the controller gives no ids', async () => {
    broker.addTopic('__transaction_state')
    broker.controller.answers.allocateProducerIds = () => new Error('nobody')
    expect(await begin(5)).toMatchObject({ errorCode: ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS, producerId: -1 })
    delete broker.controller.answers.allocateProducerIds
    expect(await begin(5)).toMatchObject({ errorCode: ERROR_CODES.NONE, producerEpoch: 0 })
  })
})

it.each([
  ['does not answer', () => new ControllerError(CONTROLLER_ERROR_CODES.notLeader, ERROR_CODES.NOT_CONTROLLER, 'nobody')],
  [
    'does not know this broker yet',
    () => ({ errorCode: ERROR_CODES.BROKER_ID_NOT_REGISTERED, errorMessage: 'who', firstProducerId: -1, count: 0 }),
  ],
])('has the producer ask again while the controller %s', async (_, answer) => {
  broker.controller.answers.allocateProducerIds = answer
  expect(await ask(5)).toMatchObject({ errorCode: ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS, producerId: -1 })
  delete broker.controller.answers.allocateProducerIds
  expect(await ask(5)).toMatchObject({ errorCode: ERROR_CODES.NONE })
})
