import { buildMarker, ERROR_CODES } from '@millrace/protocol'
import { crc32c } from '@millrace/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import type { AppendOutcome } from './append-stage.ts'
import type { TransactionVersion } from './producer-state/append-rules.ts'
import type { TransactionVerification } from './producer-state/transaction-verifications.ts'
import { batchOf, logFixture, type LogFixture } from './testing/log-fixture.ts'

const DAY_MS = 24 * 60 * 60 * 1000

interface Given {
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly sequence?: number
}

let fixture: LogFixture

beforeEach(async () => {
  fixture = await logFixture()
})

/** What the partition has the coordinator asked about the batch. */
function ask({ producerId = 9, producerEpoch = 0, sequence = 0 }: Given = {}): TransactionVerification | null {
  const batch = { producerId, producerEpoch, firstSequence: sequence, lastSequence: sequence }
  return fixture.log.producerState.beginVerification(batch, fixture.clock.now())
}

function append(
  verification: TransactionVerification | null,
  { producerId = 9, producerEpoch = 0, sequence = 0 }: Given = {},
  transactionVersion: TransactionVersion = 1,
): AppendOutcome {
  const batch = batchOf({ producerId, producerEpoch, baseSequence: sequence, isTransactional: true })
  return fixture.log.append(batch, { leaderEpoch: 0, origin: 'client', verification, transactionVersion })
}

/** In the name of a producer, as the coordinators of groups do. */
function appendOffsets(verification: TransactionVerification | null, producerEpoch = 0): AppendOutcome {
  const batch = batchOf({ producerId: 9, producerEpoch, isTransactional: true })
  return fixture.log.append(batch, { leaderEpoch: 0, origin: 'internal', verification })
}

function end(producerEpoch = 0, transactionVersion: TransactionVersion = 1): AppendOutcome {
  const marker = buildMarker({ type: 'abort', producerId: 9, producerEpoch, coordinatorEpoch: 0, timestamp: fixture.clock.now(), crc32c })
  return fixture.log.append(marker, { leaderEpoch: 0, origin: 'internal', transactionVersion })
}

const STAGED = { type: 'staged' }
const NOT_PART = { type: 'refused', errorCode: ERROR_CODES.INVALID_TXN_STATE }
const OUT_OF_ORDER = { type: 'refused', errorCode: ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER }

describe('a batch that begins a transaction', () => {
  it('is appended once it is confirmed, and what follows it needs no confirmation', () => {
    const verification = ask()
    expect(verification).not.toBeNull()
    expect(append(verification)).toMatchObject(STAGED)
    expect(ask({ sequence: 1 })).toBeNull()
    expect(append(null, { sequence: 1 })).toMatchObject(STAGED)
  })

  it('is refused when nobody confirmed it, in words that say so', () => {
    expect(append(null)).toMatchObject({
      ...NOT_PART,
      message: expect.stringContaining('producer 9 is not part of a transaction') as string,
    })
    expect(fixture.log.logEndOffset).toBe(0)
  })

  it.each<[string, () => unknown]>([
    ['its transaction ended meanwhile', () => end()],
    ['another batch began a transaction, and that ended, meanwhile', () => [append(ask()), end()]],
    ['the state of the producers was loaded anew', () => fixture.log.producerState.clear()],
    ['the answer came a day late', () => fixture.log.producerState.expire(fixture.clock.now() + DAY_MS)],
  ])('is refused when %s', (_, happen) => {
    const verification = ask()
    happen()
    expect(append(verification, { sequence: fixture.log.producerState.find(9, 0).batches.length })).toMatchObject(NOT_PART)
  })

  it('is refused as of a fenced producer when the marker began another epoch', () => {
    const verification = ask()
    end(1)
    expect(append(verification)).toMatchObject({ type: 'refused', errorCode: ERROR_CODES.INVALID_PRODUCER_EPOCH })
  })

  it('shares its confirmation with others that wait for it', () => {
    const first = ask()
    expect(ask({ sequence: 1 })).toBe(first)
    expect(append(first)).toMatchObject(STAGED)
    // It is over, and not needed any more.
    expect(append(first, { sequence: 1 })).toMatchObject(STAGED)
  })

  it('is refused when it is not the first that was asked about, though any sequence may begin here', () => {
    const verification = ask({ sequence: 5 })
    ask({ sequence: 8 })
    expect(append(verification, { sequence: 8 })).toMatchObject(OUT_OF_ORDER)
    expect(append(verification, { sequence: 5 })).toMatchObject(STAGED)
  })

  it('is appended although somebody claimed a later epoch, which is for its coordinator to judge', () => {
    const verification = ask({ sequence: 3 })
    ask({ producerEpoch: 1 })
    expect(append(verification, { sequence: 3 })).toMatchObject(STAGED)
  })

  it('is refused when one of a later epoch was appended meanwhile', () => {
    const [earlier, later] = [ask({ producerEpoch: 2 }), ask({ producerEpoch: 3 })]
    expect(append(later, { producerEpoch: 3 })).toMatchObject(STAGED)
    expect(append(earlier, { producerEpoch: 2 })).toMatchObject({ type: 'refused', errorCode: ERROR_CODES.INVALID_PRODUCER_EPOCH })
  })

  it('does not have to be confirmed again when it comes again after the end', () => {
    append(ask())
    end()
    expect(ask()).toBeNull()
    expect(append(null)).toMatchObject({ type: 'duplicate', baseOffset: 0 })
  })

  it('is confirmed for one of a thousand producers, or the oldest has to ask again', () => {
    const oldest = ask({ producerId: 1 })
    const second = ask({ producerId: 2 })
    for (let producerId = 3; producerId <= 1_001; producerId += 1) ask({ producerId })
    expect(append(oldest, { producerId: 1 })).toMatchObject(NOT_PART)
    expect(append(second, { producerId: 2 })).toMatchObject(STAGED)
  })
})

describe('a batch that a coordinator appends for a producer', () => {
  it('has no sequence, and needs a confirmation like any other', () => {
    expect(appendOffsets(null)).toMatchObject(NOT_PART)
    expect(appendOffsets(ask({ sequence: -1 }))).toMatchObject(STAGED)
    expect(ask({ sequence: -1 })).toBeNull()
    expect(appendOffsets(null)).toMatchObject(STAGED)
    end()
    expect(ask({ sequence: -1 })).not.toBeNull()
    expect(appendOffsets(null)).toMatchObject(NOT_PART)
  })

  it('is refused in an epoch that is over', () => {
    end(2)
    expect(appendOffsets(ask({ sequence: -1 }), 1)).toMatchObject({ type: 'refused', errorCode: ERROR_CODES.INVALID_PRODUCER_EPOCH })
  })
})

describe('transactions that have an epoch each', () => {
  it('begin at sequence 0 behind the marker of the one before', () => {
    for (let epoch = 0; epoch < 3; epoch += 1) {
      const given = { producerEpoch: epoch }
      expect(append(ask({ ...given, sequence: 7 }), { ...given, sequence: 7 }, 2)).toMatchObject(OUT_OF_ORDER)
      expect(append(ask(given), given, 2)).toMatchObject(STAGED)
      expect(end(epoch, 2)).toMatchObject({ type: 'refused', errorCode: ERROR_CODES.INVALID_PRODUCER_EPOCH })
      expect(end(epoch + 1, 2)).toMatchObject(STAGED)
      expect(end(epoch + 1, 2)).toMatchObject(STAGED)
    }
    fixture.log.setHighWatermark(fixture.log.logEndOffset)
    expect(fixture.log.abortedTransactions(0, 100).map(({ firstOffset, lastOffset }) => [firstOffset, lastOffset])).toEqual([
      [0, 1],
      [3, 4],
      [6, 7],
    ])
  })

  it('begin at sequence 0 also where an epoch before was asked about by the first protocol, and never appended', () => {
    ask({ producerEpoch: 0 })
    const given = { producerEpoch: 1, sequence: 1 }
    expect(append(ask(given), given, 2)).toMatchObject(OUT_OF_ORDER)
    expect(append(ask({ producerEpoch: 1 }), { producerEpoch: 1 }, 2)).toMatchObject(STAGED)
  })

  it.each(['crash', 'restart'] as const)('stay open over a %s, and are verified again before the next one', async (how) => {
    append(ask(), {}, 2)
    await fixture[how]()
    expect(fixture.log.producerState.firstOpenTransactionOffset()).toBe(0)
    expect(ask({ sequence: 1 })).toBeNull()
    expect(append(null, { sequence: 1 }, 2)).toMatchObject(STAGED)
    expect(end(1, 2)).toMatchObject(STAGED)
    await fixture[how]()
    expect(fixture.log.producerState.firstOpenTransactionOffset()).toBeNull()
    expect(append(null, { producerEpoch: 1 }, 2)).toMatchObject(NOT_PART)
    expect(append(ask({ producerEpoch: 1 }), { producerEpoch: 1 }, 2)).toMatchObject(STAGED)
  })
})
