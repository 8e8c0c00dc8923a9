import { describeConfigsApi, ERROR_CODES } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'

const TOPIC = 2
const BROKER = 4
const GROUP = 32
const VERSIONS = [1, 2, 3, 4]

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start({ configs: { 'log.retention.hours': '2' } })
  broker.addTopic('a', [[1]], { 'segment.bytes': '2097152' })
})

afterEach(() => broker.close())

interface Options {
  readonly version?: number
  readonly includeSynonyms?: boolean
  readonly includeDocumentation?: boolean
}

async function ask(resourceType: number, resourceName: string, configurationKeys: readonly string[] | null, options: Options = {}) {
  const { version = 4, includeSynonyms = false, includeDocumentation = false } = options
  const { results } = await broker.call(describeConfigsApi, version, {
    resources: [{ resourceType, resourceName, configurationKeys }],
    includeSynonyms,
    ...(version >= 3 ? { includeDocumentation } : {}),
  })
  return results[0]
}

describe('a topic', () => {
  it.each(VERSIONS)('shows what it sets and what the broker sets for it, in version %i', async (version) => {
    const hasTypes = version >= 3
    const keys = ['segment.bytes', 'retention.ms', 'min.insync.replicas']
    const result = await ask(TOPIC, 'a', keys, { version, includeSynonyms: true, includeDocumentation: true })
    expect(result).toMatchObject({ errorCode: ERROR_CODES.NONE, errorMessage: '', resourceType: TOPIC, resourceName: 'a' })
    expect(result?.configs).toHaveLength(3)
    expect(result?.configs).toMatchObject([
      {
        name: 'min.insync.replicas',
        value: '1',
        readOnly: false,
        configSource: 5,
        isSensitive: false,
        synonyms: [{ name: 'min.insync.replicas', value: '1', source: 5 }],
        configType: hasTypes ? 3 : 0,
      },
      {
        name: 'retention.ms',
        value: '7200000',
        readOnly: false,
        configSource: 4,
        isSensitive: false,
        synonyms: [{ name: 'log.retention.hours', value: '2', source: 4 }],
        configType: hasTypes ? 5 : 0,
      },
      {
        name: 'segment.bytes',
        value: '2097152',
        readOnly: false,
        configSource: 1,
        isSensitive: false,
        synonyms: [
          { name: 'segment.bytes', value: '2097152', source: 1 },
          { name: 'log.segment.bytes', value: '1073741824', source: 5 },
        ],
        configType: hasTypes ? 3 : 0,
      },
    ])
    if (hasTypes) expect(result?.configs[2]?.documentation).toMatch(/segment/)
  })

  it.each([{ keys: null }, { keys: [] }])('shows everything, sorted, to who asks for $keys', async ({ keys }) => {
    const names = (await ask(TOPIC, 'a', keys))?.configs.map(({ name }) => name) ?? []
    expect(names.length).toBeGreaterThan(30)
    expect(names).toEqual(names.toSorted())
  })

  it('leaves out what is not asked for: synonyms, documentation, unknown keys', async () => {
    const result = await ask(TOPIC, 'a', ['segment.bytes', 'no.such.key'])
    expect(result?.configs).toMatchObject([{ name: 'segment.bytes', synonyms: [], documentation: null }])
  })

  it.each([
    { name: 'none', errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION },
    { name: 'bad name', errorCode: ERROR_CODES.INVALID_TOPIC_EXCEPTION },
    { name: '', errorCode: ERROR_CODES.INVALID_TOPIC_EXCEPTION },
  ])('called $name is refused with $errorCode', async ({ name, errorCode }) => {
    expect(await ask(TOPIC, name, null)).toMatchObject({ errorCode, configs: [] })
  })
})

describe('a broker', () => {
  beforeEach(() => {
    const set = (resourceName: string, name: string, value: string) =>
      broker.feed.commit({ type: 'config', resourceType: 'broker', resourceName, name, value })
    set('', 'log.retention.ms', '70')
    set('1', 'message.max.bytes', '2000')
  })

  it('shows its file, what was altered, and the defaults', async () => {
    const keys = ['log.retention.hours', 'log.retention.ms', 'message.max.bytes', 'node.id']
    const result = await ask(BROKER, '1', keys, { includeSynonyms: true })
    expect(result?.configs).toMatchObject([
      { name: 'log.retention.hours', value: '2', readOnly: true, configSource: 4 },
      { name: 'log.retention.ms', value: '70', readOnly: false, configSource: 3 },
      {
        name: 'message.max.bytes',
        value: '2000',
        configSource: 2,
        synonyms: [
          { name: 'message.max.bytes', value: '2000', source: 2 },
          { name: 'message.max.bytes', value: '1048588', source: 5 },
        ],
      },
      { name: 'node.id', readOnly: true },
    ])
  })

  it('without a name stands for what was altered for all', async () => {
    expect((await ask(BROKER, '', null))?.configs).toMatchObject([{ name: 'log.retention.ms', value: '70', configSource: 3 }])
  })

  it.each(['2', 'x', '01', ' 1'])('called %j is not this one', async (name) => {
    expect(await ask(BROKER, name, null)).toMatchObject({ errorCode: ERROR_CODES.INVALID_REQUEST, configs: [] })
  })
})

describe('a group', () => {
  it('shows what was set for it, and the configs of brokers beneath, whether it is there or not', async () => {
    broker.feed.commit({ type: 'config', resourceType: 'group', resourceName: 'g', name: 'consumer.session.timeout.ms', value: '50000' })
    const names = ['consumer.assignment.interval.ms', 'consumer.heartbeat.interval.ms', 'consumer.session.timeout.ms']
    const result = await ask(GROUP, 'g', null, { includeSynonyms: true })
    expect(result?.configs.map(({ name }) => name)).toEqual(names)
    expect(result?.configs[2]).toMatchObject({
      value: '50000',
      configSource: 8,
      readOnly: false,
      synonyms: [
        { name: 'consumer.session.timeout.ms', value: '50000', source: 8 },
        { name: 'group.consumer.session.timeout.ms', value: '45000', source: 5 },
      ],
    })
    const [, , other] = (await ask(GROUP, 'h', null))?.configs ?? []
    expect(other).toMatchObject({ value: '45000', configSource: 5 })
  })

  it('has to be named', async () => {
    expect(await ask(GROUP, '', null)).toMatchObject({ errorCode: ERROR_CODES.INVALID_REQUEST, configs: [] })
  })
})

it.each([
  { resource: 'loggers', type: 8 },
  { resource: 'client metrics', type: 16 },
  { resource: 'nothing known', type: 99 },
])('has no configs of $resource, and says so', async ({ type }) => {
  const result = await ask(type, '1', null)
  expect(result).toMatchObject({ errorCode: ERROR_CODES.INVALID_REQUEST, resourceType: type, resourceName: '1', configs: [] })
  expect(result?.errorMessage).not.toBe('')
})

it('shows a resource once, however often it is named', async () => {
  const resources = Array.from({ length: 3 }, () => ({ resourceType: TOPIC, resourceName: 'a', configurationKeys: null }))
  const { results } = await broker.call(describeConfigsApi, 4, { resources })
  expect(results.map(({ errorCode, configs }) => [errorCode, configs.length > 0])).toEqual([
    [ERROR_CODES.NONE, true],
    [ERROR_CODES.INVALID_REQUEST, false],
    [ERROR_CODES.INVALID_REQUEST, false],
  ])
})
