/** A controller as other nodes meet it, active and not. */
import { CONTROLLER_ERROR_CODES, ControllerError, type ControllerPort } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { crc32c } from '@millrace/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Leadership } from '../shell/metadata-quorum.ts'
import type { Line } from './controller-service.ts'
import { LocalControllerService } from './local-controller-service.ts'
import { endpoint } from './testing/paper-connector.ts'
import { paperController } from './testing/paper-controller.ts'
import { PaperMetadata } from './testing/paper-metadata.ts'
import { SteppingClock } from './testing/stepping-clock.ts'

const CREATE = { topics: [], validateOnly: false }
const ACTIVE: Leadership = { epoch: 3, leaderId: 1, isActive: true }

let leadership: Leadership
let createTopics: ControllerPort['createTopics']
let disconnected: number[]
let applied: object[]
let service: LocalControllerService

beforeEach(() => {
  leadership = ACTIVE
  createTopics = () => Promise.resolve([])
  disconnected = []
  applied = []
  const metadata = new PaperMetadata()
  metadata.commit(3)
  service = new LocalControllerService({
    controller: paperController({ createTopics: (command) => createTopics(command) }).service,
    feed: metadata,
    log: metadata,
    leadership: () => leadership,
    endpointOf: (nodeId) => (nodeId < 5 ? endpoint(nodeId) : null),
    onMetadataApplied: (broker) => void applied.push(broker),
    onBrokerDisconnected: ({ brokerId }) => void disconnected.push(brokerId),
    clock: new SteppingClock(),
    crc32c,
  })
})

function become(change: Partial<Leadership>): void {
  leadership = { ...leadership, ...change }
  service.onLeadership(leadership)
}

function attend(brokerId: number): { readonly line: Line; closed: number } {
  const state = { closed: 0 }
  return Object.assign(state, { line: service.attend({ brokerId, brokerEpoch: 1, onClosed: () => (state.closed += 1) }) })
}

const FETCH = { clusterId: 'c', nodeId: 9, offset: -1, epoch: -1, maxBytes: 1_000, maxWaitMs: 0 }

describe('a command', () => {
  it('is carried out by the active controller, and its answer rests on what is applied', async () => {
    expect(await service.createTopics(CREATE)).toEqual([])
    expect(service.metadataOffset()).toBe(0)
  })

  it.each([
    ['one that is known', 2, endpoint(2)],
    ['one whose address nobody knows', 7, null],
    ['nobody', null, null],
  ])('is refused by another one, which names who is active: %s', async (_name, leaderId, leader) => {
    become({ isActive: false, leaderId })
    await expect(service.createTopics(CREATE)).rejects.toMatchObject({ code: CONTROLLER_ERROR_CODES.notLeader, leader })
  })

  it('under way when the controller ceases to be active may have happened', async () => {
    createTopics = () => Promise.reject(new ControllerError(CONTROLLER_ERROR_CODES.notLeader, ERROR_CODES.NOT_CONTROLLER, 'lost'))
    await expect(service.createTopics(CREATE)).rejects.toMatchObject({ code: CONTROLLER_ERROR_CODES.timeout })
  })

  it('that fails otherwise fails as it did', async () => {
    const full = new ControllerError(CONTROLLER_ERROR_CODES.storage, ERROR_CODES.KAFKA_STORAGE_ERROR, 'full')
    createTopics = () => Promise.reject(full)
    await expect(service.createTopics(CREATE)).rejects.toBe(full)
  })
})

it('metadata is served by any controller, which says who is active', async () => {
  become({ isActive: false, leaderId: 2 })
  expect(await service.fetchMetadata(FETCH)).toMatchObject({ type: 'snapshot', snapshot: { offset: 0 }, leader: endpoint(2) })
})

describe('a line', () => {
  it('to a controller that is not active ends at once', () => {
    become({ isActive: false })
    expect(attend(1).closed).toBe(1)
  })

  it('ends when the controller ceases to be active, and that is no loss of a broker', () => {
    const broker = attend(1)
    become({ isActive: false })
    broker.line.hangUp('lost')
    expect([broker.closed, disconnected]).toEqual([1, []])
  })

  it('says how far a broker has got while it is open', () => {
    const { line } = attend(4)
    line.applied(17)
    line.hangUp('done')
    line.applied(18)
    expect(applied).toEqual([{ brokerId: 4, brokerEpoch: 1, metadataOffset: 17 }])
  })

  it('that breaks is a loss, once; one that was ended is none', () => {
    const [first, second] = [attend(1), attend(2)]
    first.line.hangUp('lost')
    first.line.hangUp('lost')
    second.line.hangUp('done')
    expect(disconnected).toEqual([1])
    expect([first.closed, second.closed]).toEqual([0, 0])
  })

  it('that breaks is no loss while the broker has another', () => {
    const [old, current] = [attend(1), attend(1)]
    old.line.hangUp('lost')
    expect(disconnected).toEqual([])
    current.line.hangUp('lost')
    expect(disconnected).toEqual([1])
  })
})
