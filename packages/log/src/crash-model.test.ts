/**
 * Random lives of a log, with kills at any change of the disk and power cuts, against a model: what was durable is there byte for
 * byte, what follows is a part of what was appended, in order and without a gap, and all that is derived fits it.
 */
import { batchBaseOffset, batchLastOffset, buildMarker, setBaseOffset, setPartitionLeaderEpoch } from '@millrace/protocol'
import { crc32c, createMemoryDisk } from '@millrace/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batchOf, logFixture, type LogFixture } from './testing/log-fixture.ts'
import { firstAtTime, lastBatches, type ModelBatch, type ModelProducerBatch, transactionsOf } from './testing/log-model.ts'
import { batchesOf } from './testing/observe.ts'

const T = 1_700_000_000_000

const producer = fc.integer({ min: 0, max: 3 })
const append = fc.record({
  type: fc.constant('append' as const),
  producer: fc.option(producer),
  records: fc.integer({ min: 1, max: 4 }),
  time: fc.nat(500),
})
const transact = fc.record({ type: fc.constant('transact' as const), producer, records: fc.integer({ min: 1, max: 3 }), time: fc.nat(500) })
const end = fc.record({ type: fc.constant('end' as const), producer, isAbort: fc.boolean() })
const work = fc.oneof(
  { weight: 8, arbitrary: append },
  { weight: 6, arbitrary: transact },
  { weight: 4, arbitrary: end },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('repeat' as const), producer: fc.nat(7) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('epoch' as const), by: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('roll' as const) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('flush' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('checkpoint' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('delete' as const), part: fc.nat(100) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('retain' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('cut' as const), part: fc.nat(100) }) },
)
type Work = typeof work extends fc.Arbitrary<infer Value> ? Value : never

const step = fc.oneof(
  { weight: 20, arbitrary: work },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('kill' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('power' as const), seed: fc.nat() }) },
  // Killed in the middle of the work, or in the middle of the start after that.
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('killDuring' as const), during: work, changes: fc.nat(12), power: fc.option(fc.nat()) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('killStart' as const), changes: fc.nat(20), power: fc.option(fc.nat()) }) },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

class World {
  readonly fixture: LogFixture
  batches: ModelBatch[] = []
  durableEndOffset = 0
  logStartOffset = 0
  /** Of the log's start, so much is known to be durable. */
  durableStartOffset = 0
  leaderEpoch = 0
  /** Whether the log was begun anew, so that producers may be forgotten. */
  wasReplaced = false
  readonly #nextSequence = new Map<number, number>()
  /** Batches come from another replica's log. */
  readonly #isFollower: boolean

  constructor(fixture: LogFixture, isFollower: boolean) {
    this.fixture = fixture
    this.#isFollower = isFollower
  }

  get endOffset(): number {
    return (this.batches.at(-1)?.lastOffset ?? this.logStartOffset - 1) + 1
  }

  async run(action: Step): Promise<void> {
    switch (action.type) {
      case 'restart':
        await this.fixture.stop()
        this.durableEndOffset = this.endOffset
        this.durableStartOffset = this.logStartOffset
        await this.fixture.reopen()
        return this.check(this.endOffset)
      case 'kill':
        this.fixture.kill()
        await this.fixture.reopen()
        return this.check(this.endOffset)
      case 'power':
        this.fixture.losePower(action.seed)
        await this.fixture.reopen()
        return this.check(this.durableEndOffset)
      case 'killDuring':
        this.fixture.killAfter(action.changes)
        await this.#until(() => this.work(action.during as Work))
        await this.#startAgain(action.power)
        // What is left of a cut that was broken off is as little durable as what an append left: until it is, more may come back.
        if (action.during.type === 'cut') await this.work({ type: 'flush' })
        return
      case 'killStart':
        this.fixture.kill()
        await this.#until(async () => {
          await this.fixture.start()
          this.fixture.killAfter(action.changes)
          await this.fixture.openLog()
        })
        return this.#startAgain(action.power)
      default:
        return this.work(action)
    }
  }

  async work(action: Work): Promise<void> {
    const { log, directory } = this.fixture
    switch (action.type) {
      case 'append':
        return this.#data(action.producer === null ? null : action.producer, 'data', action.records, action.time)
      case 'transact':
        return this.#data(10 + action.producer, 'transactional', action.records, action.time)
      case 'end':
        return this.#end(10 + action.producer, action.isAbort)
      case 'repeat':
        return this.#repeat(action.producer < 4 ? action.producer : action.producer + 6)
      case 'epoch':
        this.leaderEpoch += action.by
        log.assignLeaderEpoch(this.leaderEpoch, log.logEndOffset)
        return
      case 'roll':
        return log.roll()
      case 'flush':
        await log.flush()
        this.durableEndOffset = this.endOffset
        return
      case 'checkpoint':
        await directory.checkpoints.write(directory.logs())
        this.durableStartOffset = this.logStartOffset
        return
      case 'delete':
        log.setHighWatermark(log.logEndOffset)
        this.logStartOffset = Math.max(this.logStartOffset, Math.floor((log.logEndOffset * action.part) / 100))
        log.deleteRecordsBefore(this.logStartOffset)
        await directory.persistLogStart(log)
        this.durableStartOffset = this.logStartOffset
        return
      case 'retain': {
        const all = [...log.segments]
        // The snapshot of producers at the next segment's begin is durable from its first flush on.
        const endOffset = Math.min(this.durableStartOffset, this.durableEndOffset - 1)
        const gone = all.slice(0, -1).filter((_, index) => (all[index + 1]?.baseOffset ?? 0) <= endOffset)
        if (gone.length > 0) log.removeSegments(gone)
        return
      }
      case 'cut':
        return this.#cut(this.logStartOffset + Math.floor(((log.logEndOffset - this.logStartOffset) * action.part) / 100))
    }
  }

  async #cut(offset: number): Promise<void> {
    const { log } = this.fixture
    const kept = this.batches.filter(({ lastOffset }) => lastOffset < offset)
    const endOffset = offset >= this.endOffset ? this.endOffset : (kept.at(-1)?.lastOffset ?? -1) + 1
    const isAnythingCut = endOffset < this.endOffset
    this.durableEndOffset = Math.min(this.durableEndOffset, endOffset)
    await log.truncateTo(offset)
    this.batches = kept
    if (endOffset < this.logStartOffset) {
      // The batch that held the log's start is gone, so the log begins anew there.
      this.batches = []
      this.wasReplaced = true
      this.durableStartOffset = this.logStartOffset
    }
    if (isAnythingCut) this.durableEndOffset = this.endOffset
    await this.check(this.endOffset)
  }

  /** Whatever the log is now, it has to fit the model; the model forgets what a crash took. `minEndOffset` was durable. */
  async check(minEndOffset: number): Promise<void> {
    const { log } = this.fixture
    const found = batchesOf(log)
    const { logStartOffset, logEndOffset } = log
    expect(logStartOffset).toBeGreaterThanOrEqual(this.durableStartOffset)
    expect(logStartOffset).toBeLessThanOrEqual(Math.max(this.logStartOffset, this.durableStartOffset))
    expect(logEndOffset).toBeGreaterThanOrEqual(Math.max(minEndOffset, logStartOffset))
    expect(logEndOffset).toBeLessThanOrEqual(this.endOffset)
    expect(log.durableEndOffset).toBeLessThanOrEqual(logEndOffset)
    this.wasReplaced ||= log.segments.first.baseOffset === logEndOffset && logEndOffset > 0
    this.batches = this.batches.filter(({ lastOffset }) => lastOffset < logEndOffset)
    this.logStartOffset = logStartOffset
    this.durableStartOffset = Math.min(this.durableStartOffset, logStartOffset)
    this.durableEndOffset = Math.min(this.durableEndOffset, logEndOffset)
    const kept = this.batches.filter(({ lastOffset }) => lastOffset >= logStartOffset)
    expect(found).toEqual(kept.map(({ baseOffset, lastOffset, hex }) => ({ baseOffset, lastOffset, hex })))
    if (this.wasReplaced) this.batches = kept
    this.#checkEpochs(kept)
    this.#checkTransactions()
    this.#checkProducers(kept)
    await this.#checkTimes(kept)
    this.leaderEpoch = Math.max(this.leaderEpoch, log.latestLeaderEpoch)
  }

  #checkEpochs(kept: readonly ModelBatch[]): void {
    const { log } = this.fixture
    for (const { baseOffset, lastOffset, leaderEpoch } of kept) {
      for (let offset = Math.max(baseOffset, log.logStartOffset); offset <= lastOffset; offset += 1)
        expect(log.leaderEpochAt(offset)).toBe(leaderEpoch)
    }
    expect(log.latestLeaderEpoch).toBe(kept.at(-1)?.leaderEpoch ?? log.latestLeaderEpoch)
    for (const epoch of new Set(kept.map(({ leaderEpoch }) => leaderEpoch))) {
      const endOffset = (kept.findLast(({ leaderEpoch }) => leaderEpoch === epoch) as ModelBatch).lastOffset + 1
      expect(log.endOffsetForEpoch(epoch)).toEqual({ epoch, endOffset })
    }
  }

  #checkTransactions(): void {
    const { log } = this.fixture
    if (this.wasReplaced) return
    const { open, aborted } = transactionsOf(this.batches)
    expect(log.producerState.firstOpenTransactionOffset()).toBe([...open.values()][0] ?? null)
    log.setHighWatermark(log.logEndOffset)
    const firstOpen = [...open.values()][0] ?? log.logEndOffset
    expect(log.lastStableOffset(log.logEndOffset)).toBe(Math.max(firstOpen, log.logStartOffset))
    const { logStartOffset, logEndOffset } = log
    expect(log.abortedTransactions(logStartOffset, logEndOffset)).toEqual(aborted.filter(({ lastOffset }) => lastOffset >= logStartOffset))
  }

  #checkProducers(kept: readonly ModelBatch[]): void {
    const entries = new Map(Array.from(this.fixture.log.producerState.entries(), (entry) => [entry.producerId, entry]))
    for (const [id, { producer: sent, baseOffset, lastOffset }] of lastBatches(kept)) {
      const last = entries.get(id)?.batches.at(-1)
      const lastSequence = (sent as ModelProducerBatch).baseSequence + lastOffset - baseOffset
      expect(last).toMatchObject({ lastSequence, lastOffset, offsetDelta: lastOffset - baseOffset })
    }
    // Producers whose batches were lost begin anew, as they do when they are told that a sequence is out of order.
    this.#nextSequence.clear()
    for (const [id, { batches }] of entries) this.#nextSequence.set(id, (batches.at(-1)?.lastSequence ?? -1) + 1)
  }

  async #checkTimes(kept: readonly ModelBatch[]): Promise<void> {
    const { log } = this.fixture
    for (const timestamp of [0, T + 100, T + 250, T + 400, T + 499, T + 1000]) {
      const found = await log.offsetForTimestamp(timestamp)
      expect(found?.offset ?? null).toBe(firstAtTime(kept, log.logStartOffset, timestamp))
    }
    const live = kept.flatMap(({ timestamps, baseOffset }) => timestamps.filter((__, index) => baseOffset + index >= log.logStartOffset))
    const newest = Math.max(-1, ...live)
    expect((await log.maxTimestampOffset())?.offset ?? null).toBe(newest < 0 ? null : firstAtTime(kept, log.logStartOffset, newest))
  }

  #data(id: number | null, kind: 'data' | 'transactional', records: number, time: number): void {
    const baseSequence = id === null ? -1 : (this.#nextSequence.get(id) ?? 0)
    const timestamps = Array.from({ length: records }, (_, index) => T + time + index)
    const sent = id === null ? null : { producerId: id, baseSequence, kind }
    const numbered = id === null ? {} : { producerId: id, producerEpoch: 0, baseSequence, isTransactional: kind === 'transactional' }
    this.#append(batchOf({ records, timestamp: T + time, valueBytes: 5 + (time % 60), ...numbered }), 'client', timestamps, sent)
    if (id !== null) this.#nextSequence.set(id, baseSequence + records)
  }

  #end(producerId: number, isAbort: boolean): void {
    const kind = isAbort ? 'abort' : 'commit'
    const timestamp = T + 200
    const marker = buildMarker({ type: kind, producerId, producerEpoch: 0, coordinatorEpoch: 0, timestamp, crc32c })
    this.#append(marker, 'internal', [timestamp], { producerId, baseSequence: -1, kind })
  }

  /** The model has the batch before it is written: when the process is killed meanwhile, it may be there or not. */
  #append(bytes: Uint8Array, origin: 'client' | 'internal', timestamps: readonly number[], sent: ModelProducerBatch | null): void {
    const { log } = this.fixture
    const { leaderEpoch } = this
    if (this.#isFollower) {
      setBaseOffset(bytes, 0, this.endOffset)
      setPartitionLeaderEpoch(bytes, 0, leaderEpoch)
    } else expect(log.stage(bytes, { leaderEpoch, origin })).toMatchObject({ type: 'staged', baseOffset: this.endOffset })
    const hex = Buffer.from(bytes).toString('hex')
    const [baseOffset, lastOffset] = [batchBaseOffset(bytes, 0), batchLastOffset(bytes, 0)]
    this.batches.push({ baseOffset, lastOffset, hex, leaderEpoch, timestamps, producer: sent })
    if (!this.#isFollower) log.commitStaged()
    else expect(log.appendReplicated(bytes)).toEqual({ firstOffset: baseOffset, lastOffset })
  }

  #repeat(id: number): void {
    const last = lastBatches(this.batches.filter(({ baseOffset }) => baseOffset >= this.logStartOffset)).get(id)
    if (last === undefined) return
    const again = Uint8Array.from(Buffer.from(last.hex, 'hex'))
    const { baseOffset, lastOffset, leaderEpoch } = last
    expect(this.fixture.log.stage(again, { leaderEpoch, origin: 'client' })).toMatchObject({ type: 'duplicate', baseOffset, lastOffset })
  }

  async #startAgain(powerSeed: number | null): Promise<void> {
    const minEndOffset = this.durableEndOffset
    if (powerSeed === null) this.fixture.kill()
    else this.fixture.losePower(powerSeed)
    await this.fixture.reopen()
    return this.check(minEndOffset)
  }

  /** Until it is done, or the process does not live any more. */
  async #until(run: () => Promise<void>): Promise<void> {
    const done = run().catch((error: unknown) => {
      // What a process that was killed throws is of no interest to anybody; a failed expectation is.
      if (error instanceof Error && error.name === 'AssertionError') throw error
    })
    await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 5))])
  }
}

async function live(
  actions: readonly Step[],
  config: { readonly segmentBytes: number; readonly indexIntervalBytes: number },
  isFollower: boolean,
): Promise<void> {
  const world = new World(await logFixture({ disk: createMemoryDisk({ canLosePower: true }), config }), isFollower)
  for (const action of actions) await world.run(action)
  world.fixture.kill()
  await world.fixture.reopen()
  await world.check(world.endOffset)
}

const config = fc.record({ segmentBytes: fc.integer({ min: 500, max: 3000 }), indexIntervalBytes: fc.integer({ min: 0, max: 500 }) })

describe('a log', () => {
  it('is what the model says after any kill, power cut and restart (property)', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), config, fc.boolean(), live), {
      numRuns: 200,
    })
  }, 60_000)
})
