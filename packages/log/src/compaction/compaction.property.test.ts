import {
  batchLastOffset,
  batchProducerId,
  buildMarker,
  type Codec,
  CODECS,
  isControl,
  isTransactional,
  readMarker,
} from '@millrace/protocol'
import { crc32c } from '@millrace/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PartitionLog } from '../partition-log.ts'
import { lastSequence } from '../producer-state/producer-entry.ts'
import { batchesOf, compact, COMPACTED, type FoundRecord, keyedBatch, recordsIn } from '../testing/compaction-fixture.ts'
import { asLeader, type LogFixture, logFixture, PARTITION_PATH } from '../testing/log-fixture.ts'

const LEADER = asLeader(0)
const DELETE_RETENTION_MS = 1000

type Step =
  | { readonly do: 'append'; readonly producer: number; readonly codec: Codec; readonly records: readonly (readonly [number, boolean])[] }
  | { readonly do: 'end'; readonly producer: number; readonly type: 'abort' | 'commit' }
  | { readonly do: 'compact' | 'crash' | 'restart' | 'lose snapshots' }
  | { readonly do: 'wait'; readonly ms: number }

const record = fc.tuple(fc.nat({ max: 6 }), fc.boolean())
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      producer: fc.nat({ max: 4 }),
      codec: fc.constantFrom(...CODECS),
      records: fc.array(record, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      producer: fc.constantFrom(3, 4),
      type: fc.constantFrom('abort' as const, 'commit' as const),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ do: 'compact' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'restart' as const, 'lose snapshots' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(400, 1000) }) },
)

interface AppendedRecord extends FoundRecord {
  readonly producer: number
}

/** What a log without compaction would hold. Producers 1 and 2 are idempotent, 3 and 4 transactional. */
class Model {
  readonly records: AppendedRecord[] = []
  readonly aborted = new Set<AppendedRecord>()
  readonly open = new Map<number, AppendedRecord[]>()
  /** Next sequence of each producer. */
  readonly sequences = new Map<number, number>()

  append(fixture: LogFixture, { producer, codec, records }: Step & { readonly do: 'append' }): void {
    const { log, clock } = fixture
    const from = log.logEndOffset
    const timestamp = clock.nowMs
    const appended = records.map(([key, isTombstone], index): AppendedRecord => {
      return { offset: from + index, timestamp, key: `k${key}`, value: isTombstone ? null : `v${from + index}`, producer }
    })
    const baseSequence = this.sequences.get(producer) ?? 0
    const identity = { producerId: producer, producerEpoch: 0, baseSequence, isTransactional: producer >= 3 }
    const batch = keyedBatch(appended, producer === 0 ? { codec } : { codec, ...identity })
    expect(log.append(batch, LEADER)).toMatchObject({ type: 'staged', baseOffset: from })
    this.records.push(...appended)
    if (producer > 0) this.sequences.set(producer, baseSequence + records.length)
    if (producer >= 3) this.open.set(producer, [...(this.open.get(producer) ?? []), ...appended])
  }

  end(fixture: LogFixture, producer: number, type: 'abort' | 'commit'): void {
    const marker = buildMarker({
      type,
      producerId: producer,
      producerEpoch: 0,
      coordinatorEpoch: 0,
      timestamp: fixture.clock.nowMs,
      crc32c,
    })
    expect(fixture.log.append(marker, { leaderEpoch: 0, origin: 'internal' }).type).toBe('staged')
    if (type === 'abort') for (const gone of this.open.get(producer) ?? []) this.aborted.add(gone)
    this.open.delete(producer)
  }

  get lastStableOffset(): number {
    return Math.min(...[...this.open.values()].map(([first]) => first?.offset ?? Number.MAX_SAFE_INTEGER))
  }

  committed(): AppendedRecord[] {
    const end = this.lastStableOffset
    return this.records.filter((one) => one.offset < end && !this.aborted.has(one))
  }
}

/** What a consumer that wants committed records only makes of the log, by the rules that all clients go by. */
function committedIn(log: PartitionLog, lastStableOffset: number): FoundRecord[] {
  const transactions = log.abortedTransactions(0, lastStableOffset).sort((a, b) => a.firstOffset - b.firstOffset)
  const aborted = new Set<number>()
  const found: FoundRecord[] = []
  for (const batch of batchesOf(log)) {
    if (batchLastOffset(batch, 0) >= lastStableOffset) break
    while (transactions[0] !== undefined && transactions[0].firstOffset <= batchLastOffset(batch, 0)) {
      aborted.add(transactions.shift()?.producerId ?? -1)
    }
    const producerId = batchProducerId(batch, 0)
    if (isControl(batch, 0)) {
      if (readMarker(batch, 0)?.type === 'abort') aborted.delete(producerId)
    } else if (!isTransactional(batch, 0) || !aborted.has(producerId)) found.push(...recordsIn(batch))
  }
  return found
}

/** So that producers are read from what compaction left of their batches. */
async function loseSnapshots(fixture: LogFixture): Promise<void> {
  for (const { name } of fixture.disk.list(PARTITION_PATH))
    if (name.endsWith('.snapshot')) fixture.disk.removeFile(`${PARTITION_PATH}/${name}`)
  await fixture.crash()
}

describe('a compacted log', () => {
  it('shows what the whole log would: the last value of each key, in order, whatever came between', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        const fixture = await logFixture({ config: { ...COMPACTED, deleteRetentionMs: DELETE_RETENTION_MS } })
        const model = new Model()
        for (const one of steps) {
          if (one.do === 'append') model.append(fixture, one)
          else if (one.do === 'end') model.end(fixture, one.producer, one.type)
          else if (one.do === 'wait') fixture.clock.nowMs += one.ms
          else if (one.do === 'compact') await compact(fixture)
          else if (one.do === 'lose snapshots') await loseSnapshots(fixture)
          else await fixture[one.do]()
          expectSame(fixture, model, false)
        }
        for (const producer of model.open.keys()) model.end(fixture, producer, 'abort')
        while (await compact(fixture)) expectSame(fixture, model, true)
      }),
      { numRuns: 60 },
    )
  }, 30_000)
})

function expectSame(fixture: LogFixture, model: Model, isAllCompacted: boolean): void {
  const { log, clock } = fixture
  const stable = model.lastStableOffset
  const found = committedIn(log, stable)
  const committed = model.committed()
  const last = new Map(committed.map((one) => [one.key, one]))
  const mayBeGone = (one: AppendedRecord): boolean => one.value === null && clock.nowMs - one.timestamp >= DELETE_RETENTION_MS
  const offsets = new Set(found.map(({ offset }) => offset))
  const asFound = ({ offset, timestamp, key, value }: AppendedRecord): FoundRecord => ({ offset, timestamp, key, value })
  expect(found).toEqual(committed.filter(({ offset }) => offsets.has(offset)).map(asFound))
  expect([...last.values()].filter((one) => !offsets.has(one.offset) && !mayBeGone(one))).toEqual([])
  if (isAllCompacted) expect(found.filter((one) => last.get(one.key)?.offset !== one.offset)).toEqual([])
  const sequences = [...log.producerState.entries()].map((entry) => [entry.producerId, lastSequence(entry) + 1] as const)
  expect(new Map(sequences.filter(([, next]) => next > 0))).toEqual(model.sequences)
  expect(log.producerState.firstOpenTransactionOffset()).toBe(stable === Number.POSITIVE_INFINITY ? null : stable)
}
