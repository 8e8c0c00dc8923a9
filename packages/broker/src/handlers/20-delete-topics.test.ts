import { CONTROLLER_ERROR_CODES, ControllerError } from '@millrace/metadata'
import { deleteTopicsApi, ERROR_CODES, ZERO_UUID } from '@millrace/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { SUCCESS } from '../testing/recording-controller.ts'

const TOPIC_ID = 'mB0s3oWvTxGVWHNTVVlXSA'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

it.each([1, 2, 3, 4, 5])('names topics in version %i', async (version) => {
  const answer = await broker.call(deleteTopicsApi, version, { topicNames: ['a', 'b'], timeoutMs: 10 })
  const topics = ['a', 'b'].map((name) => ({ name, topicId: null }))
  expect(broker.controller.commands).toEqual([{ name: 'deleteTopics', command: { topics } }])
  expect(answer.responses).toMatchObject([
    { name: 'a', errorCode: ERROR_CODES.NONE },
    { name: 'b', errorCode: ERROR_CODES.NONE },
  ])
})

it('names topics or gives their ids in version 6', async () => {
  broker.controller.answers.deleteTopics = () => [
    { name: 'a', topicId: TOPIC_ID, ...SUCCESS },
    { name: null, topicId: TOPIC_ID, errorCode: ERROR_CODES.UNKNOWN_TOPIC_ID, errorMessage: 'unknown' },
    { name: null, topicId: null, errorCode: ERROR_CODES.INVALID_REQUEST, errorMessage: 'neither' },
  ]
  const topics = [
    { name: 'a', topicId: ZERO_UUID },
    { name: null, topicId: TOPIC_ID },
    { name: null, topicId: ZERO_UUID },
  ]
  const { responses } = await broker.call(deleteTopicsApi, 6, { topics, timeoutMs: 10 })
  expect(broker.controller.commands[0]?.command).toEqual({
    topics: [
      { name: 'a', topicId: null },
      { name: null, topicId: TOPIC_ID },
      { name: null, topicId: null },
    ],
  })
  expect(responses).toEqual([
    { name: 'a', topicId: TOPIC_ID, errorCode: ERROR_CODES.NONE, errorMessage: null },
    { name: null, topicId: TOPIC_ID, errorCode: ERROR_CODES.UNKNOWN_TOPIC_ID, errorMessage: 'unknown' },
    { name: null, topicId: ZERO_UUID, errorCode: ERROR_CODES.INVALID_REQUEST, errorMessage: 'neither' },
  ])
})

it.each([
  { version: 1, errorCode: ERROR_CODES.INVALID_REQUEST },
  { version: 2, errorCode: ERROR_CODES.INVALID_REQUEST },
  { version: 3, errorCode: ERROR_CODES.TOPIC_DELETION_DISABLED },
])('says in version $version with $errorCode that nothing is deleted here', async ({ version, errorCode }) => {
  broker.controller.answers.deleteTopics = () => [
    { name: 'a', topicId: TOPIC_ID, errorCode: ERROR_CODES.TOPIC_DELETION_DISABLED, errorMessage: 'off' },
  ]
  const { responses } = await broker.call(deleteTopicsApi, version, { topicNames: ['a'], timeoutMs: 10 })
  expect(responses).toMatchObject([{ name: 'a', errorCode }])
})

it.each([1, 6])('tells each topic that there is no controller, in version %i', async (version) => {
  broker.controller.answers.deleteTopics = () => new ControllerError(CONTROLLER_ERROR_CODES.busy, ERROR_CODES.REQUEST_TIMED_OUT, 'busy')
  const request = version < 6 ? { topicNames: ['a'] } : { topics: [{ name: 'a', topicId: ZERO_UUID }] }
  const { responses } = await broker.call(deleteTopicsApi, version, { ...request, timeoutMs: 10 })
  expect(responses).toMatchObject([{ name: 'a', errorCode: ERROR_CODES.REQUEST_TIMED_OUT }])
})
