import { CONTROLLER_ERROR_CODES, ControllerError, describeTopicConfig } from '@millrace/metadata'
import { createTopicsApi, ERROR_CODES, ZERO_UUID } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { SUCCESS } from '../testing/recording-controller.ts'

const TOPIC_ID = 'mB0s3oWvTxGVWHNTVVlXSA'
const VERSIONS = [2, 3, 4, 5, 6, 7]

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

const topic = (name: string) => ({ name, numPartitions: 3, replicationFactor: 1, assignments: [], configs: [] })

it.each(VERSIONS)('carries the whole request to the controller in version %i', async (version) => {
  const assigned = {
    name: 'b',
    numPartitions: -1,
    replicationFactor: -1,
    assignments: [{ partitionIndex: 0, brokerIds: [2, 1] }],
    configs: [
      { name: 'retention.ms', value: '5' },
      { name: 'segment.ms', value: null },
    ],
  }
  await broker.call(createTopicsApi, version, { topics: [topic('a'), assigned], timeoutMs: 10, validateOnly: true })
  expect(broker.controller.commands).toEqual([
    {
      name: 'createTopics',
      command: {
        validateOnly: true,
        topics: [
          { name: 'a', partitionCount: 3, replicationFactor: 1, assignments: [], configs: [] },
          {
            name: 'b',
            partitionCount: -1,
            replicationFactor: -1,
            assignments: [{ partition: 0, brokerIds: [2, 1] }],
            configs: assigned.configs,
          },
        ],
      },
    },
  ])
})

describe('the answer', () => {
  beforeEach(() => {
    broker.controller.answers.createTopics = () => [
      {
        name: 'a',
        ...SUCCESS,
        topicId: TOPIC_ID,
        partitionCount: 3,
        replicationFactor: 1,
        configs: describeTopicConfig(new Map([['retention.ms', '5']]), broker.services.brokerConfig()),
      },
      {
        name: 'b',
        errorCode: ERROR_CODES.TOPIC_ALREADY_EXISTS,
        errorMessage: 'it exists already',
        topicId: null,
        partitionCount: -1,
        replicationFactor: -1,
        configs: null,
      },
    ]
  })

  it.each(VERSIONS)('tells what version %i can tell', async (version) => {
    const { topics } = await broker.call(createTopicsApi, version, { topics: [topic('a'), topic('b')] })
    const hasDetails = version >= 5
    expect(topics).toMatchObject([
      {
        name: 'a',
        errorCode: ERROR_CODES.NONE,
        errorMessage: null,
        topicId: version >= 7 ? TOPIC_ID : ZERO_UUID,
        numPartitions: hasDetails ? 3 : -1,
        replicationFactor: hasDetails ? 1 : -1,
      },
      {
        name: 'b',
        errorCode: ERROR_CODES.TOPIC_ALREADY_EXISTS,
        errorMessage: 'it exists already',
        topicId: ZERO_UUID,
        numPartitions: -1,
        replicationFactor: -1,
        configs: [],
      },
    ])
    const retention = topics[0]?.configs?.find(({ name }) => name === 'retention.ms')
    const told = { name: 'retention.ms', value: '5', readOnly: false, configSource: 1, isSensitive: false }
    expect(retention).toEqual(hasDetails ? told : undefined)
  })
})

it('tells each topic that there is no controller', async () => {
  broker.controller.answers.createTopics = () =>
    new ControllerError(CONTROLLER_ERROR_CODES.notLeader, ERROR_CODES.NOT_CONTROLLER, 'there is no controller')
  const { topics } = await broker.call(createTopicsApi, 7, { topics: [topic('a'), topic('b')] })
  const failed = { errorCode: ERROR_CODES.NOT_CONTROLLER, errorMessage: 'there is no controller' }
  expect(topics).toMatchObject([
    { name: 'a', ...failed },
    { name: 'b', ...failed },
  ])
})

it('tells nothing of the inside of an error that nobody foresaw', async () => {
  broker.controller.answers.createTopics = () => new TypeError('secret')
  const { topics } = await broker.call(createTopicsApi, 7, { topics: [topic('a')] })
  expect(topics[0]?.errorCode).toBe(ERROR_CODES.UNKNOWN_SERVER_ERROR)
  expect(topics[0]?.errorMessage).not.toContain('secret')
})

it('does not trouble the controller for nothing', async () => {
  expect(await broker.call(createTopicsApi, 7, { topics: [] })).toEqual({ throttleTimeMs: 0, topics: [] })
  expect(broker.controller.commands).toEqual([])
})
