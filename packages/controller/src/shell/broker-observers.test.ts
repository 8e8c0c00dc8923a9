import type { ClusterImage, QuorumDescription } from '@millrace/metadata'
import { beforeEach, expect, it } from 'vitest'
import { BrokerObservers } from './broker-observers.ts'

const CONTROLLER = { nodeId: 1, directoryId: 'controller', logEndOffset: 8, lastFetchMs: 5, lastCaughtUpMs: 5 }
const QUORUM: QuorumDescription = { leaderId: 1, leaderEpoch: 3, highWatermark: 8, voters: [CONTROLLER], observers: [], nodes: [] }

let nowMs: number
let observers: BrokerObservers

beforeEach(() => {
  nowMs = 100
  observers = new BrokerObservers({ now: () => nowMs })
})

function imageOf(...ids: readonly number[]): ClusterImage {
  return { brokers: new Map(ids.map((id) => [id, { id, directoryIds: [`directory ${id}`] }])) } as unknown as ClusterImage
}

const described = (image = imageOf(1, 2, 3)) => observers.addTo(QUORUM, image).observers

it('are brokers that were heard of and are no controllers', () => {
  for (const id of [1, 2]) observers.heard(id, 7, 7)
  expect(described()).toEqual([{ nodeId: 2, directoryId: 'directory 2', logEndOffset: 8, lastFetchMs: 100, lastCaughtUpMs: 100 }])
})

it('keep the time when they had everything while they lag', () => {
  observers.heard(2, 7, 7)
  nowMs = 200
  observers.heard(2, 7, 9)
  expect(described()).toMatchObject([{ logEndOffset: 8, lastFetchMs: 200, lastCaughtUpMs: 100 }])
})

it('have an unknown offset until they say it', () => {
  observers.heard(3, -1, 9)
  expect(described()).toMatchObject([{ nodeId: 3, logEndOffset: -1, lastFetchMs: 100, lastCaughtUpMs: -1 }])
})

it('go when they are unregistered, and all of them with the active controller', () => {
  for (const id of [2, 3]) observers.heard(id, 7, 7)
  observers.keep(imageOf(1, 3).brokers)
  expect(described().map(({ nodeId }) => nodeId)).toEqual([3])
  observers.forgetAll()
  expect(described()).toEqual([])
})
