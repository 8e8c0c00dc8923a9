import { CONTROLLER_ERROR_CODES, ControllerError } from '@millrace/metadata'
import { ERROR_CODES, initProducerIdApi, isRetriable } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

const ask = (version: number, given: { transactionalId?: string | null; producerId?: number; producerEpoch?: number } = {}) =>
  broker.call(initProducerIdApi, version, { transactionalId: null, transactionTimeoutMs: 0, ...given })

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

describe('transactions', () => {
  it.each([0, 3, 5])('are refused with an error at which every client stops, in version %i', async (version) => {
    const answer = await ask(version, { transactionalId: 't' })
    expect(answer).toMatchObject({ errorCode: ERROR_CODES.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, producerId: -1 })
    expect(isRetriable(answer.errorCode)).toBe(false)
  })

  it('cannot have an empty id', async () => {
    expect(await ask(5, { transactionalId: '' })).toMatchObject({ errorCode: ERROR_CODES.INVALID_REQUEST })
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
