/** A log that has some of everything: segments, epochs, producers, transactions, times out of order, a durable part and another. */
import { buildMarker } from '@millrace/protocol'
import { crc32c } from '@millrace/runtime'
import { batchOf, type FixtureOptions, logFixture, type LogFixture } from './log-fixture.ts'

const T = 1_700_000_000_000
/** Every timestamp of the log, and some around them. */
export const TIMESTAMPS = [
  0,
  T,
  T + 1,
  T + 5,
  T + 9,
  T + 10,
  T + 11,
  T + 22,
  T + 41,
  T + 77,
  T + 100,
  T + 101,
  T + 150,
  T + 151,
  T + 160,
  T + 999,
]

export const RICH_CONFIG = { segmentBytes: 700, indexIntervalBytes: 120 }

/** Its recovery point lies in the middle. The process lives on. */
export async function richLog(options: FixtureOptions = {}): Promise<LogFixture> {
  const fixture = await logFixture({ ...options, config: { ...RICH_CONFIG, ...options.config } })
  const sequences = new Map<number, number>()
  const data = (leaderEpoch: number, timestamp: number, producerId = -1, isTransactional = false, records = 2): void => {
    const baseSequence = sequences.get(producerId) ?? 0
    sequences.set(producerId, baseSequence + records)
    const producer = producerId < 0 ? {} : { producerId, producerEpoch: 0, baseSequence, isTransactional }
    take(fixture, leaderEpoch, 'client', batchOf({ records, timestamp: T + timestamp, ...producer }))
  }
  const end = (leaderEpoch: number, timestamp: number, producerId: number, type: 'abort' | 'commit'): void => {
    take(
      fixture,
      leaderEpoch,
      'internal',
      buildMarker({ type, producerId, producerEpoch: 0, coordinatorEpoch: 3, timestamp: T + timestamp, crc32c }),
    )
  }
  data(0, 0)
  data(0, 10)
  data(0, 100, 9, true)
  data(0, 20, 7)
  end(0, 21, 9, 'abort')
  data(2, 30, 9, true)
  data(2, 40, 8, true)
  data(2, 50)
  end(2, 51, 8, 'abort')
  end(2, 52, 9, 'commit')
  data(2, 60, 7)
  data(2, 70, 8, true, 3)
  data(2, 75)
  data(3, 76, 11, false, 1)
  end(3, 77, 8, 'abort')
  data(3, 80, 9, true)
  await fixture.log.flush()
  await fixture.directory.checkpoints.write([fixture.log])
  data(3, 85)
  end(3, 86, 9, 'abort')
  data(5, 90, 7)
  data(5, 150, 8, true)
  data(5, 95)
  data(5, 96)
  end(5, 97, 8, 'abort')
  data(5, 98, 9, true)
  data(5, 99, 11, false, 1)
  data(6, 110)
  return fixture
}

function take({ log }: LogFixture, leaderEpoch: number, origin: 'client' | 'internal', batch: Uint8Array): void {
  const outcome = log.append(batch, { leaderEpoch, origin })
  if (outcome.type !== 'staged') throw new Error(`not appended: ${JSON.stringify(outcome)}`)
}
