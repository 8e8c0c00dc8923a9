import { type CreateTopicsCommand, CONTROLLER_ERROR_CODES, ControllerError } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { CONSUMER_OFFSETS, InternalTopics, TRANSACTION_STATE } from './internal-topics.ts'

let broker: BrokerFixture
let topics: InternalTopics
let lines: string[]

beforeEach(async () => {
  await open()
})

afterEach(() => broker.close())

async function open(configs: Readonly<Record<string, string>> = {}): Promise<void> {
  broker = await BrokerFixture.start({ configs })
  lines = []
  const warn = (event: string, fields?: object): void => void lines.push(`${event} ${JSON.stringify(fields)}`)
  const logger = { ...broker.services.logger, warn }
  const { clock, controller, feed, brokerConfig } = broker.services
  topics = new InternalTopics({ clock, controller, feed, brokerConfig, logger })
}

/** The controller creates what it is asked for. */
function createWhatIsAsked(): void {
  broker.controller.answers.createTopics = (command: CreateTopicsCommand) =>
    command.topics.map(({ name }) => {
      broker.addTopic(name)
      return { name, errorCode: ERROR_CODES.NONE }
    })
}

const asked = (): CreateTopicsCommand['topics'][number][] =>
  broker.controller.commands.flatMap(({ command }) => (command as CreateTopicsCommand).topics)

describe('an internal topic', () => {
  it('is created when it is needed, with as many replicas as there are brokers', async () => {
    createWhatIsAsked()
    expect((await topics.ensure(CONSUMER_OFFSETS))?.name).toBe('__consumer_offsets')
    expect(asked()).toEqual([
      {
        name: '__consumer_offsets',
        partitionCount: 50,
        replicationFactor: 1,
        assignments: [],
        configs: [
          { name: 'cleanup.policy', value: 'compact' },
          { name: 'durability', value: 'fsync' },
          { name: 'compression.type', value: 'producer' },
          { name: 'segment.bytes', value: '104857600' },
        ],
      },
    ])
    expect((await topics.ensure(CONSUMER_OFFSETS))?.name).toBe('__consumer_offsets')
    expect(asked()).toHaveLength(1)
  })

  it('has as many replicas as the config says, brokers that are down included', async () => {
    for (const id of [2, 3, 4]) broker.addBroker(id, { isFenced: id === 3 })
    await topics.ensure(TRANSACTION_STATE)
    const [topic] = asked()
    expect(topic).toMatchObject({ name: '__transaction_state', partitionCount: 50, replicationFactor: 3 })
    expect(topic?.configs).toEqual([
      { name: 'cleanup.policy', value: 'compact' },
      { name: 'durability', value: 'fsync' },
      { name: 'compression.type', value: 'uncompressed' },
      { name: 'unclean.leader.election.enable', value: 'false' },
      { name: 'segment.bytes', value: '104857600' },
      { name: 'min.insync.replicas', value: '2' },
    ])
  })

  it('wants no more replicas in sync than it has', async () => {
    await topics.ensure(TRANSACTION_STATE)
    expect(asked()[0]?.configs).toContainEqual({ name: 'min.insync.replicas', value: '1' })
  })

  it('is made as the broker configs say', async () => {
    await broker.close()
    await open({
      'offsets.topic.num.partitions': '4',
      'offsets.topic.replication.factor': '2',
      'offsets.topic.segment.bytes': '2000000',
    })
    for (const id of [2, 3]) broker.addBroker(id)
    await topics.ensure(CONSUMER_OFFSETS)
    expect(asked()[0]).toMatchObject({ partitionCount: 4, replicationFactor: 2 })
    expect(asked()[0]?.configs).toContainEqual({ name: 'segment.bytes', value: '2000000' })
  })

  it('is asked for once, however many need it', async () => {
    createWhatIsAsked()
    const all = await Promise.all([topics.ensure(CONSUMER_OFFSETS), topics.ensure(CONSUMER_OFFSETS), topics.ensure(TRANSACTION_STATE)])
    expect(all.map((topic) => topic?.name)).toEqual(['__consumer_offsets', '__consumer_offsets', '__transaction_state'])
    expect(asked()).toHaveLength(2)
  })

  it('may have been created by another broker meanwhile', async () => {
    broker.controller.answers.createTopics = () => {
      broker.addTopic('__consumer_offsets')
      return [{ name: '__consumer_offsets', errorCode: ERROR_CODES.TOPIC_ALREADY_EXISTS, errorMessage: 'exists' }]
    }
    expect((await topics.ensure(CONSUMER_OFFSETS))?.name).toBe('__consumer_offsets')
    expect(lines).toEqual([])
  })

  it.each([
    {
      why: 'the controller refuses',
      answer: () => [{ errorCode: ERROR_CODES.INVALID_REPLICATION_FACTOR, errorMessage: 'too few brokers' }],
      told: 'too few brokers',
    },
    {
      why: 'there is no controller',
      answer: () => new ControllerError(CONTROLLER_ERROR_CODES.unreachable, ERROR_CODES.NOT_CONTROLLER, 'nobody is reached'),
      told: 'topic',
    },
  ])('is not there while $why, which is said once a second, and tried with every request', async ({ answer, told }) => {
    broker.controller.answers.createTopics = answer
    expect(await topics.ensure(CONSUMER_OFFSETS)).toBeNull()
    expect(await topics.ensure(CONSUMER_OFFSETS)).toBeNull()
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(told)
    broker.clock.advance(1_000)
    createWhatIsAsked()
    expect((await topics.ensure(CONSUMER_OFFSETS))?.name).toBe('__consumer_offsets')
  })
})
