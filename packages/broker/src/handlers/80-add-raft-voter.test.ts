/** AddRaftVoter and RemoveRaftVoter, which are two sides of one thing. */
import { CONTROLLER_ERROR_CODES, ControllerError } from '@millrace/metadata'
import { addRaftVoterApi, ERROR_CODES, removeRaftVoterApi } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerFixture, CLUSTER_ID } from '../testing/broker-fixture.ts'
import { SUCCESS } from '../testing/recording-controller.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

const voter = { voterId: 4, voterDirectoryId: CLUSTER_ID }
const listeners = [
  { name: 'OTHER', host: 'o', port: 1 },
  { name: 'CONTROLLER', host: 'h', port: 9093 },
]
const add = { clusterId: null, timeoutMs: 9, ...voter, listeners }
const gone = new ControllerError(CONTROLLER_ERROR_CODES.notLeader, ERROR_CODES.NOT_CONTROLLER, 'not here')

describe('a voter that is added', () => {
  it.each([0, 1])('is carried to the controllers in version %i', async (version) => {
    expect(await broker.call(addRaftVoterApi, version, add)).toEqual({ throttleTimeMs: 0, ...SUCCESS })
    const command = { nodeId: 4, directoryId: CLUSTER_ID, host: 'h', port: 9093 }
    expect(broker.controller.commands).toEqual([{ name: 'addVoter', command }])
  })

  it('is reached at its first listener where none is called CONTROLLER', async () => {
    await broker.call(addRaftVoterApi, 1, { ...add, listeners: [{ name: 'X', host: 'x', port: 2 }] })
    expect(broker.controller.commands).toMatchObject([{ command: { host: 'x', port: 2 } }])
  })

  it.each([
    ['another cluster', { clusterId: 'another' }, ERROR_CODES.INCONSISTENT_CLUSTER_ID],
    ['no listener', { listeners: [] }, ERROR_CODES.INVALID_REQUEST],
    ['no node', { voterId: -1 }, ERROR_CODES.INVALID_REQUEST],
  ])('is refused with %s', async (_what, change, errorCode) => {
    expect(await broker.call(addRaftVoterApi, 1, { ...add, ...change })).toMatchObject({ errorCode })
    expect(broker.controller.commands).toEqual([])
  })

  it('hears that there is no controller', async () => {
    broker.controller.answers.addVoter = () => gone
    expect(await broker.call(addRaftVoterApi, 1, add)).toMatchObject({ errorCode: ERROR_CODES.NOT_CONTROLLER, errorMessage: 'not here' })
  })
})

describe('a voter that is removed', () => {
  it.each([null, CLUSTER_ID])('is carried to the controllers (cluster %s)', async (clusterId) => {
    expect(await broker.call(removeRaftVoterApi, 0, { clusterId, ...voter })).toEqual({ throttleTimeMs: 0, ...SUCCESS })
    expect(broker.controller.commands).toEqual([{ name: 'removeVoter', command: { nodeId: 4, directoryId: CLUSTER_ID } }])
  })

  it('is refused in another cluster, and hears that there is no controller', async () => {
    expect(await broker.call(removeRaftVoterApi, 0, { clusterId: 'another', ...voter })).toMatchObject({
      errorCode: ERROR_CODES.INCONSISTENT_CLUSTER_ID,
    })
    broker.controller.answers.removeVoter = () => gone
    expect(await broker.call(removeRaftVoterApi, 0, { clusterId: null, ...voter })).toMatchObject({ errorCode: ERROR_CODES.NOT_CONTROLLER })
  })
})
