import { ERROR_CODES } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { errorCodeOf } from '../handlers/error-mapping.ts'
import type { FileRegion } from '../network/file-region.ts'
import { batchOf, incompressibleText } from '../testing/batches.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { produceAll } from '../testing/produce-calls.ts'
import { FetchPlan, releaseOutcomes } from './fetch-plan.ts'
import { newTarget } from './fetch-session.ts'
import { NamedTargets } from './fetch-targets.ts'
import { LEADER_ITSELF } from './preferred-replica.ts'
import { FetchWaiter } from './fetch-waiter.ts'

const SMALL = batchOf({ records: ['small'] })
const LARGE = batchOf({ records: [incompressibleText(100_000)] })
const MIB = 1024 * 1024

let broker: BrokerFixture
/** Reads that hold a file, by whether they still do. */
let holds: { isHeld: boolean }[]
/** Called when a read has found its range, and nothing was copied yet. */
let onFound: (index: number) => void

beforeEach(async () => {
  broker = await BrokerFixture.start()
  broker.addTopic('a', [[1], [1]])
  holds = []
  onFound = () => {}
})

afterEach(() => broker.close())

/** Appends the batches and forgets what is in memory of them, so that reads come from files. */
async function holding(batches: readonly Uint8Array[]): Promise<void> {
  await produceAll(
    broker,
    batches.map((batch) => batch.slice()),
  )
  await broker.restart()
  for (const index of batches.keys()) {
    const log = await broker.log('a', index)
    const read = log.read.bind(log)
    vi.spyOn(log, 'read').mockImplementation((options) => {
      const result = read(options)
      if (result.type !== 'region') return result
      onFound(index)
      const hold = { isHeld: true }
      holds.push(hold)
      const release = (): void => {
        if (!hold.isHeld) throw new Error('it was released twice')
        hold.isHeld = false
        result.release()
      }
      return { ...result, isHot: true, release }
    })
  }
}

const CONSUMER = { replica: null, mayReadFollowers: true, preferredReplica: () => LEADER_ITSELF }

function plan(minBytes = 1): FetchPlan {
  const resolved = [0, 1].map((index) => {
    const offsets = { fetchOffset: 0, logStartOffset: -1, maxBytes: MIB, currentLeaderEpoch: -1, lastFetchedEpoch: -1 }
    const target = newTarget({ topic: 'a', topicId: '', index, ...offsets, knownHighWatermark: Number.MAX_SAFE_INTEGER })
    return { target, partition: broker.partition('a', index) }
  })
  return new FetchPlan(new NamedTargets(resolved, false), { minBytes, maxBytes: 10 * MIB, isReadCommitted: false }, CONSUMER, errorCodeOf)
}

const held = (): boolean[] => holds.map(({ isHeld }) => isHeld)

describe('what a fetch holds', () => {
  it('is nothing for small ranges, which are copied', async () => {
    await holding([SMALL, SMALL])
    const outcomes = plan().evaluate()
    expect(outcomes.map(({ records }) => records instanceof Uint8Array)).toEqual([true, true])
    expect(held()).toEqual([false, false])
  })

  it('is the file of large ones, until they were sent', async () => {
    await holding([LARGE, SMALL])
    const outcomes = plan().evaluate()
    expect(held()).toEqual([true, false])
    const region = outcomes[0]?.records as FileRegion
    region.release()
    region.release()
    expect(held()).toEqual([false, false])
  })

  it('is given back when it is not sent', async () => {
    await holding([LARGE, LARGE])
    releaseOutcomes(plan().evaluate())
    expect(held()).toEqual([false, false])
  })

  it('is given back at each look that finds too little, and kept at the last', async () => {
    await holding([LARGE, LARGE])
    const answers: unknown[] = []
    const waiter = new FetchWaiter(plan(MIB), broker.clock, 500, (outcomes) => answers.push(outcomes))
    waiter.onVisible()
    waiter.onVisible()
    expect(held()).toEqual([false, false, false, false])
    expect(answers).toEqual([])
    broker.clock.advance(500)
    expect(held().slice(4)).toEqual([true, true])
    waiter.onVisible()
    waiter.finishNow()
    waiter.cancel()
    expect(answers).toHaveLength(1)
    expect(holds).toHaveLength(6)
  })

  it('is given back by a partition whose copy fails, which alone is in error', async () => {
    await holding([LARGE, SMALL])
    onFound = (index) => {
      if (index === 1) broker.disk.failNext({ operation: 'read' })
    }
    const outcomes = plan().evaluate()
    expect(outcomes.map(({ errorCode }) => errorCode)).toEqual([ERROR_CODES.NONE, ERROR_CODES.KAFKA_STORAGE_ERROR])
    expect(held()).toEqual([true, false])
    releaseOutcomes(outcomes)
  })

  it('is nothing more once the log is closed', async () => {
    await holding([LARGE, LARGE])
    const waiting = plan()
    broker.partition('a', 0).close()
    expect(waiting.evaluate().map(({ errorCode }) => errorCode)).toEqual([ERROR_CODES.NOT_LEADER_OR_FOLLOWER, ERROR_CODES.NONE])
    expect(held()).toEqual([true])
  })
})

describe('opening logs', () => {
  it('takes no promise where they are open', async () => {
    await holding([SMALL, SMALL])
    expect(plan().openLogs()).toBeNull()
  })

  it('that fails is the error of that partition alone, and ends the wait', async () => {
    await produceAll(broker, [SMALL.slice(), SMALL.slice()])
    await broker.restart()
    broker.disk.failNext({ operation: 'open', pathIncludes: 'a-1', code: 'ERR_DISK_FULL' })
    const waiting = plan(MIB)
    await waiting.openLogs()
    const outcomes = waiting.evaluate()
    expect(outcomes.map(({ errorCode }) => errorCode)).toEqual([ERROR_CODES.NONE, ERROR_CODES.KAFKA_STORAGE_ERROR])
    expect(waiting.isEnough(outcomes)).toBe(true)
  })
})
