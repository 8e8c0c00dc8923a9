import { BrokerConfig, type MetadataFeed } from '@millrace/metadata'
import { silentLogger } from '@millrace/runtime'
import { beforeEach, expect, it } from 'vitest'
import { ActiveDuties } from './active-duties.ts'

const OWN = 1
const BROKERS = new Map([1, 2, 3].map((id) => [id, { id, epoch: id * 10 }]))

let suspected: number[]
let timers: { readonly delayMs: number; fire(): void }[]
let unreachable: number[]
let heardMs: Map<number, number>

beforeEach(() => {
  suspected = []
  timers = []
  unreachable = []
  heardMs = new Map()
})

function begin(): void {
  const voters = [1, 2, 3, 4].map((nodeId) => ({
    nodeId,
    directoryId: '',
    logEndOffset: 0,
    lastFetchMs: heardMs.get(nodeId) ?? 1_000,
    lastCaughtUpMs: -1,
  }))
  new ActiveDuties({
    nodeId: OWN,
    quorum: {
      describe: () => ({ leaderId: OWN, leaderEpoch: 1, highWatermark: 0, voters, observers: [], nodes: [] }),
      unreachablePeers: () => unreachable,
    },
    feed: { image: () => ({ brokers: BROKERS }) } as unknown as MetadataFeed,
    clock: {
      now: () => 1_000,
      monotonic: () => 0,
      defer: (run) => run(),
      setTimer: (delayMs, fire) => {
        timers.push({ delayMs, fire })
        return { cancel: () => {} }
      },
    },
    logger: silentLogger,
    config: () => new BrokerConfig({ fromFile: new Map() }),
    submit: () => new Promise(() => {}),
    suspect: (brokerId) => void suspected.push(brokerId),
  }).begin()
}

it('doubts at once the brokers of controllers whose connection broke before this one became active', () => {
  unreachable = [3, OWN, 4]
  begin()
  expect(suspected).toEqual([3])
})

it('doubts the brokers of controllers that it has not heard of since a little later', () => {
  heardMs.set(2, 999)
  begin()
  expect(suspected).toEqual([])
  timers.find(({ delayMs }) => delayMs === 300)?.fire()
  expect(suspected).toEqual([2])
})
