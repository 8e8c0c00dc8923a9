import { CONTROLLER_ERROR_CODES, ControllerError } from '@millrace/metadata'
import { alterConfigsApi, ERROR_CODES, incrementalAlterConfigsApi } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { SUCCESS } from '../testing/recording-controller.ts'

const TOPIC = 2
const BROKER = 4
const LOGGER = 8
const GROUP = 32

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

describe('AlterConfigs', () => {
  it.each([0, 1, 2])('carries the configs of each resource to the controller in version %i', async (version) => {
    const configs = [
      { name: 'retention.ms', value: '5' },
      { name: 'segment.ms', value: null },
    ]
    const resources = [
      { resourceType: TOPIC, resourceName: 'a', configs },
      { resourceType: BROKER, resourceName: '', configs: [] },
      { resourceType: GROUP, resourceName: 'g', configs: [] },
    ]
    const { responses } = await broker.call(alterConfigsApi, version, { resources, validateOnly: true })
    expect(broker.controller.commands).toEqual([
      {
        name: 'alterConfigs',
        command: {
          validateOnly: true,
          resources: [
            { type: 'topic', name: 'a', configs },
            { type: 'broker', name: '', configs: [] },
            { type: 'group', name: 'g', configs: [] },
          ],
        },
      },
    ])
    expect(responses).toEqual([
      { errorCode: ERROR_CODES.NONE, errorMessage: null, resourceType: TOPIC, resourceName: 'a' },
      { errorCode: ERROR_CODES.NONE, errorMessage: null, resourceType: BROKER, resourceName: '' },
      { errorCode: ERROR_CODES.NONE, errorMessage: null, resourceType: GROUP, resourceName: 'g' },
    ])
  })
})

describe('IncrementalAlterConfigs', () => {
  const change = (configOperation: number) => ({ name: 'cleanup.policy', configOperation, value: 'compact' })
  const topic = (resourceName: string, ...configs: readonly ReturnType<typeof change>[]) => ({ resourceType: TOPIC, resourceName, configs })

  it.each([0, 1])('carries each operation to the controller in version %i', async (version) => {
    const resources = [topic('a', change(0), { ...change(1), value: null as never }, change(2), change(3))]
    await broker.call(incrementalAlterConfigsApi, version, { resources, validateOnly: false })
    const name = 'cleanup.policy'
    const configs = [
      { name, operation: 'set', value: 'compact' },
      { name, operation: 'delete', value: null },
      { name, operation: 'append', value: 'compact' },
      { name, operation: 'subtract', value: 'compact' },
    ]
    expect(broker.controller.commands).toEqual([
      { name: 'incrementalAlterConfigs', command: { validateOnly: false, resources: [{ type: 'topic', name: 'a', configs }] } },
    ])
  })

  it.each([-1, 4, 127])('knows no operation %i, and leaves the resource as it is', async (operation) => {
    const resources = [topic('a', change(0), change(operation)), topic('b', change(0))]
    const { responses } = await broker.call(incrementalAlterConfigsApi, 1, { resources, validateOnly: false })
    expect(responses).toMatchObject([
      { errorCode: ERROR_CODES.INVALID_REQUEST, resourceName: 'a' },
      { errorCode: ERROR_CODES.NONE, resourceName: 'b' },
    ])
    expect(broker.controller.commands[0]?.command).toMatchObject({ resources: [{ name: 'b' }] })
  })
})

it('answers every resource in its place, also those that it has no configs for', async () => {
  const errorMessage = 'there is no topic b'
  broker.controller.answers.alterConfigs = () => [
    { type: 'topic', name: 'a', ...SUCCESS },
    { type: 'topic', name: 'b', errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, errorMessage },
  ]
  const resources = [
    { resourceType: LOGGER, resourceName: '1', configs: [] },
    { resourceType: TOPIC, resourceName: 'a', configs: [] },
    { resourceType: 16, resourceName: 'metrics', configs: [] },
    { resourceType: TOPIC, resourceName: 'b', configs: [] },
    { resourceType: 99, resourceName: 'x', configs: [] },
  ]
  const { responses } = await broker.call(alterConfigsApi, 2, { resources, validateOnly: false })
  expect(responses.map(({ resourceType, resourceName }) => [resourceType, resourceName])).toEqual(
    resources.map(({ resourceType, resourceName }) => [resourceType, resourceName]),
  )
  const { NONE, INVALID_REQUEST, UNKNOWN_TOPIC_OR_PARTITION } = ERROR_CODES
  expect(responses.map(({ errorCode }) => errorCode)).toEqual([
    INVALID_REQUEST,
    NONE,
    INVALID_REQUEST,
    UNKNOWN_TOPIC_OR_PARTITION,
    INVALID_REQUEST,
  ])
  expect(responses[3]?.errorMessage).toBe(errorMessage)
})

it('tells each resource that there is no controller, and the others what is wrong with them', async () => {
  broker.controller.answers.alterConfigs = () =>
    new ControllerError(CONTROLLER_ERROR_CODES.notLeader, ERROR_CODES.NOT_CONTROLLER, 'there is no controller')
  const resources = [LOGGER, TOPIC, BROKER].map((resourceType) => ({ resourceType, resourceName: '1', configs: [] }))
  const { responses } = await broker.call(alterConfigsApi, 2, { resources, validateOnly: false })
  const { INVALID_REQUEST, NOT_CONTROLLER } = ERROR_CODES
  expect(responses.map(({ errorCode }) => errorCode)).toEqual([INVALID_REQUEST, NOT_CONTROLLER, NOT_CONTROLLER])
})
